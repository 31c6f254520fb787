// The plaintext of history chunks (docs/PROTOCOL.md, A-17).
import { invalidArgument, objectArgument } from "../arguments.js";
import { type Bytes, copyOfBytes, isBytes, isClientId } from "../bytes.js";
import {
  type Content,
  decodeContent,
  encodeContent,
  isUnknown,
  type Kinds,
  type NewContent,
} from "../e2e/content.js";
import { DEFAULT_MAX_BODY_BYTES, MAX_UNIX_TIME } from "../limits.js";
import type { AnyContentDefinition } from "../messages/define-content.js";
import { decode } from "../wire/decode.js";
import { written } from "../wire/encode.js";
import { INSIDE_FRAME, scan } from "../wire/scan.js";
import { HistoryError } from "./errors.js";
import type { HistoryMessage, HistoryPin } from "./history-types.js";
import { DIGEST_BYTES, isId, MAX_LOG_SEQ } from "./limits.js";

/** Maximum number of messages of a chunk. */
const MAX_MESSAGES = 512;
/** Maximum number of pinned logs of a chunk. */
const MAX_PINS = 1024;
/** Maximum length in bytes of a body with more than one message. */
const FULL_BYTES = 65_536;
/** Maximum length of a body in bytes: that of one message with a body of the maximum length. */
const MAX_BYTES = 135_168;
/** Upper bound of what the map and the list around the messages add, in bytes. */
const FRAME_BYTES = 16;

/** A message of a body: with the body of its content, or the fallback of a content that the device could not read. */
interface StoredMessage extends Omit<HistoryMessage, "content"> {
  readonly body?: Bytes;
  readonly fallback?: string;
}

type Fields = Readonly<Record<string, unknown>>;

const isTime = (value: unknown) =>
  Number.isFinite(value) && (value as number) >= 0 && (value as number) <= MAX_UNIX_TIME;

/** Returns a message without unknown fields; undefined if a field is missing or invalid. */
function messageOf(value: unknown): StoredMessage | undefined {
  const { seq, sender_id, device, client_id, timestamp, stored_at, body, fallback } = (value ??
    {}) as Fields;
  const isDevice = typeof device === "string" && /^[0-9a-f]{32}$/.test(device);
  if (
    !isId(seq) ||
    !isId(sender_id) ||
    !isDevice ||
    !isClientId(client_id) ||
    !isTime(timestamp) ||
    !isTime(stored_at)
  )
    return undefined;
  const fields = { seq, sender_id, device, client_id, timestamp, stored_at };
  const isBody = isBytes(body) && body.length <= DEFAULT_MAX_BODY_BYTES;
  if (isBody && fallback === undefined) return { ...fields, body } as StoredMessage;
  const isFallback = typeof fallback === "string" && body === undefined;
  return isFallback ? ({ ...fields, fallback } as StoredMessage) : undefined;
}

/** Returns messages by ascending seq; undefined if they are not, or one is invalid. */
function messagesOf(value: unknown): StoredMessage[] | undefined {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_MESSAGES) return undefined;
  const messages = value.map(messageOf);
  const isValid = messages.every(
    (one, at) => one !== undefined && one.seq > (messages[at - 1]?.seq ?? 0),
  );
  return isValid ? (messages as StoredMessage[]) : undefined;
}

/** Returns pins; undefined if there are too many, or one is invalid. */
function pinsOf(value: unknown): HistoryPin[] | undefined {
  if (!Array.isArray(value) || value.length > MAX_PINS) return undefined;
  const pins: HistoryPin[] = [];
  for (const one of value) {
    const [user_id, seq, head, isVerified] = Array.isArray(one) ? one : [];
    const isPin = isId(user_id) && isId(seq) && seq <= MAX_LOG_SEQ && isBytes(head);
    if (!isPin || head.length !== DIGEST_BYTES || typeof isVerified !== "boolean") return undefined;
    pins.push({ user_id, seq, head, isVerified });
  }
  return pins;
}

/**
 * Encodes as many messages as a chunk has room for, from the first one on.
 *
 * @throws {ValidationError} if there are none, their seqs do not ascend, or one of them is invalid.
 */
export function encodeMessages<Definition extends AnyContentDefinition>(
  given: readonly HistoryMessage<Definition>[],
  kinds: Kinds<Definition>,
): { bytes: Bytes; count: number } {
  const messages: StoredMessage[] = [];
  let length = FRAME_BYTES;
  for (const message of given.slice(0, MAX_MESSAGES)) {
    const stored = storedOf(message, kinds);
    const longer = length + encoded(stored).length;
    if (messages.length > 0 && longer > FULL_BYTES) break;
    messages.push(stored);
    length = longer;
  }
  if (messagesOf(messages) !== undefined && length <= MAX_BYTES)
    return { bytes: encoded({ messages }), count: messages.length };
  throw invalidArgument("options.messages", "must be messages of a chat, by ascending seq");
}

function storedOf<Definition extends AnyContentDefinition>(
  message: HistoryMessage<Definition>,
  kinds: Kinds<Definition>,
): StoredMessage {
  const { content, ...fields } = objectArgument(message, "options.messages");
  if (isUnknown(content)) return { ...fields, fallback: content.fallback };
  const known = content as NewContent<Definition>;
  return { ...fields, body: encodeContent(known, kinds, fields.timestamp) as Bytes };
}

/**
 * Decodes the messages of a chunk.
 *
 * @throws {HistoryError} if a message is malformed, or its seq is outside of the chunk's.
 */
export function decodeMessages<Definition extends AnyContentDefinition>(
  bytes: Uint8Array,
  { first_seq, last_seq }: { readonly first_seq: number; readonly last_seq: number },
  kinds: Kinds<Definition>,
): HistoryMessage<Definition>[] {
  const messages = messagesOf(decoded(bytes).messages);
  if (messages === undefined || messages[0]!.seq < first_seq) throw malformed();
  if (messages.at(-1)!.seq !== last_seq) throw malformed();
  return messages.map(({ body, fallback = "", ...fields }) => {
    const content: Content<Definition> | undefined = body
      ? decodeContent(body, kinds, fields.timestamp)
      : { kind: "unknown", fallback };
    if (content === undefined) throw malformed();
    return { ...fields, content };
  });
}

/** Encodes pinned logs. @throws {ValidationError} if one is invalid, or there are more than 1,024. */
export function encodePins(pins: readonly HistoryPin[]): Bytes {
  const users = pins.map((one) => {
    const { user_id, seq, head, isVerified } = objectArgument(one, "options.pins");
    return [user_id, seq, copyOfBytes(head), isVerified];
  });
  if (pinsOf(users) !== undefined) return encoded({ users });
  throw invalidArgument("options.pins", "must be at most 1,024 pinned device logs");
}

/** Decodes pinned logs. @throws {HistoryError} if they are malformed. */
export function decodePins(bytes: Uint8Array): HistoryPin[] {
  const pins = pinsOf(decoded(bytes).users);
  if (pins === undefined) throw malformed();
  return pins;
}

const malformed = () => new HistoryError("chunk has a malformed plaintext");

function encoded(value: object): Bytes {
  return written((writer) => writer.payload(value as Record<string, unknown>, "bin"));
}

function decoded(bytes: Uint8Array): Fields {
  if (bytes.length > MAX_BYTES) throw malformed();
  try {
    scan(bytes, INSIDE_FRAME);
    return (decode(bytes, 0) ?? {}) as Fields;
  } catch {
    throw malformed();
  }
}
