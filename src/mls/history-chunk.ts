// The encrypted copy of read messages that a user may keep at the server (docs/PROTOCOL.md, A-16 to A-19).
import { invalidArgument, listArgument, objectArgument, timeArgument } from "../arguments.js";
import { type Bytes, concat, copyOfBytes } from "../bytes.js";
import { verifyEd25519 } from "../crypto/ed25519.js";
import { kindsOf } from "../e2e/content.js";
import { pad, unpad } from "../e2e/padding.js";
import { wholeMilliseconds } from "../messages/chat-message-aad.js";
import type { AnyContentDefinition } from "../messages/define-content.js";
import type { Device } from "./device.js";
import { type DeviceLog, logArgument } from "./device-log.js";
import { HistoryError } from "./errors.js";
import * as body from "./history-body.js";
import type { HistoryKey } from "./history-key.js";
import * as layout from "./history-layout.js";
import type {
  HistoryContents,
  HistoryHeader,
  HistoryMessage,
  HistoryPin,
} from "./history-types.js";
import { isId } from "./limits.js";
import { readEntry } from "./log-entry.js";
import { historySeedOf, type RecoveryKey } from "./recovery-key.js";
import { signerOf } from "./signers.js";

/**
 * Encrypts read messages of a chat to the history key, signed by the device: as many from the first one on as a chunk has room for.
 *
 * @param options - `messages` by ascending seq, at least one; `first_seq` is that of the chunk, which later versions of it keep,
 * also if its first message is removed (default: the seq of the first message); `now` is the Unix time in seconds.
 * @returns The chunk, up to 143,360 bytes, and the number of messages in it.
 * @throws {ValidationError} if an option is invalid.
 *
 * ```ts
 * const written = await encryptHistory(device, historyKey, { chat_id, messages: readMessages, now });
 * ```
 */
export async function encryptHistory<Definition extends AnyContentDefinition = never>(
  device: Device,
  key: HistoryKey,
  options: {
    readonly chat_id: number;
    readonly messages: Iterable<HistoryMessage<Definition>>;
    readonly first_seq?: number | undefined;
    readonly now: number;
    readonly contents?: readonly Definition[] | undefined;
  },
): Promise<{ chunk: Bytes; count: number }> {
  const { chat_id, messages, now, contents, ...given } = objectArgument(options, "options");
  if (!isId(chat_id)) throw invalidArgument("options.chat_id", "must be the id of a chat");
  const list = listArgument(messages, "options.messages");
  const { bytes, count } = body.encodeMessages(list, kindsOf(contents));
  const { first_seq = list[0]!.seq } = given;
  const last_seq = list[count - 1]!.seq;
  if (!isId(first_seq) || first_seq > list[0]!.seq) {
    throw invalidArgument("options.first_seq", "must be a seq up to that of the first message");
  }
  const range = { kind: layout.MESSAGES, chat_id, first_seq, last_seq };
  return { chunk: await sealed(device, key, range, bytes, now), count };
}

/**
 * Encrypts the pinned logs to the history key, signed by the device.
 *
 * @param options - `pins` has at most 1,024 users; `now` is the Unix time in seconds.
 * @throws {ValidationError} if an option is invalid.
 */
export function encryptPins(
  device: Device,
  key: HistoryKey,
  options: { readonly pins: Iterable<HistoryPin>; readonly now: number },
): Promise<Bytes> {
  const { pins, now } = objectArgument(options, "options");
  const bytes = body.encodePins(listArgument(pins, "options.pins"));
  const range = { kind: layout.PINS, chat_id: 0, first_seq: 0, last_seq: 0 };
  return sealed(device, key, range, bytes, now);
}

async function sealed(
  device: Device,
  key: HistoryKey,
  range: Pick<layout.ChunkHead, "kind" | "chat_id" | "first_seq" | "last_seq">,
  bytes: Uint8Array,
  now: number,
): Promise<Bytes> {
  const { sign } = signerOf(device, "device");
  const { user_id, id: to, publicKey: given } = objectArgument(key, "key");
  const publicKey = copyOfBytes(given);
  if (
    !isId(user_id) ||
    publicKey?.length !== layout.PUBLIC_KEY_BYTES ||
    layout.historyId(publicKey) !== to
  )
    throw invalidArgument("key", "must be a history key of readHistoryKey");
  const time = wholeMilliseconds(timeArgument(now, "options.now"));
  const head = layout.encodeChunkHead({ ...range, user_id, to, device: device.id, time });
  const { sealHistory } = await import("./engine.js");
  // Never deflated: its texts are of several authors (E-9).
  const { enc, ciphertext } = await sealHistory(
    publicKey,
    pad({ isCompressed: false, body: bytes }),
    head,
  );
  return concat(head, enc, ciphertext, await sign(layout.signedChunk(head, enc, ciphertext)));
}

/**
 * Verifies and decrypts a chunk.
 *
 * @param options - `log` is the log of the recovery key's user; `contents` are the application's own kinds of content.
 * @throws {HistoryError} if it is malformed, encrypted to another key, or not by a device of the log: a device that was removed can
 * have written it only before its removal.
 *
 * ```ts
 * const history = await decryptHistory(recoveryKey, chunk, { log });
 * ```
 */
export async function decryptHistory<Definition extends AnyContentDefinition = never>(
  recoveryKey: RecoveryKey,
  chunk: Uint8Array,
  options: { readonly log: DeviceLog; readonly contents?: readonly Definition[] | undefined },
): Promise<HistoryContents<Definition>> {
  const { log, contents } = objectArgument(options, "options");
  const kinds = kindsOf(contents);
  const read = verified(chunk, log);
  const { historyPublicKey, openHistory } = await import("./engine.js");
  const seed = historySeedOf(recoveryKey);
  if (layout.historyId(historyPublicKey(seed)) !== read.to) throw invalid();
  const plaintext = await openHistory(seed, read, read.head).catch(() => undefined);
  seed.fill(0);
  const padded = plaintext && unpad(plaintext);
  if (padded === undefined || padded.isCompressed) throw invalid();
  const { chat_id } = read;
  if (read.kind === layout.PINS) return { kind: "pins", pins: body.decodePins(padded.body) };
  return { kind: "messages", chat_id, messages: body.decodeMessages(padded.body, read, kinds) };
}

/**
 * Verifies a chunk without its key, and returns its clear fields. A server does that before it stores the chunk.
 *
 * @throws {HistoryError} if it is malformed, or not by a device of the log, as for `decryptHistory`.
 */
export function readHistoryHeader(chunk: Uint8Array, log: DeviceLog): HistoryHeader {
  const { kind, user_id, to, device, chat_id, first_seq, last_seq } = verified(chunk, log);
  const name = kind === layout.PINS ? "pins" : "messages";
  return { kind: name, user_id, to, device, chat_id, first_seq, last_seq };
}

function verified(chunk: Uint8Array, log: DeviceLog): layout.HistoryChunk {
  const read = layout.decodeChunk(copyOfBytes(chunk) ?? new Uint8Array());
  if (read?.user_id !== logArgument(log).user_id) throw invalid();
  const writer = writerOf(log, read.device);
  if (writer === undefined || read.time > writer.until) throw invalid();
  if (verifyEd25519(writer.publicKey, read.signed, read.signature)) return read;
  throw invalid();
}

const invalid = () => new HistoryError("chunk is malformed, or not by a device of this user");

/** Returns the public key of a device that is or was in the log, and until when it was, Unix time in milliseconds. */
function writerOf(log: DeviceLog, device: string): { publicKey: Bytes; until: number } | undefined {
  let found: { publicKey: Bytes; until: number } | undefined;
  for (const { op, subject, bytes } of log.entries) {
    const isSubject = subject === device;
    if (found === undefined) {
      if (isSubject)
        found = { publicKey: readEntry(bytes).subject, until: Number.POSITIVE_INFINITY };
    } else if (found.until === Number.POSITIVE_INFINITY && (isSubject || op === "reset")) {
      // A reset removes all devices, and does not name them.
      found.until = readEntry(bytes).time;
    }
  }
  return found;
}
