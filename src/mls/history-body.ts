// The plaintext of history chunks (docs/PROTOCOL.md, A-17).
import * as z from "zod/mini";
import { invalidArgument, objectArgument } from "../arguments.js";
import { type Bytes, isBytes } from "../bytes.js";
import {
  type Content,
  decodeContent,
  encodeContent,
  isUnknown,
  type Kinds,
  type NewContent,
} from "../e2e/content.js";
import { DEFAULT_MAX_BODY_BYTES } from "../limits.js";
import type { AnyContentDefinition } from "../messages/define-content.js";
import { id, integer, list, text, unixTime, uuid } from "../messages/fields.js";
import { decode } from "../wire/decode.js";
import { written } from "../wire/encode.js";
import { INSIDE_FRAME, scan } from "../wire/scan.js";
import { HistoryError } from "./errors.js";
import type { HistoryMessage, HistoryPin } from "./history-chunk.js";
import { DIGEST_BYTES, MAX_LOG_SEQ } from "./limits.js";

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

const binary = (min: number, max: number) =>
  z.custom<Bytes>((value) => isBytes(value) && value.length >= min && value.length <= max);

const aMessage = () =>
  z.object({
    seq: id(),
    sender_id: id(),
    device: text(32, 32, { pattern: /^[0-9a-f]+$/ }),
    client_id: uuid(),
    timestamp: unixTime(),
    stored_at: unixTime(),
    body: z.optional(binary(1, DEFAULT_MAX_BODY_BYTES)),
    fallback: z.optional(text(0, DEFAULT_MAX_BODY_BYTES)),
  });
type StoredMessage = z.output<ReturnType<typeof aMessage>>;

const pin = () =>
  z.tuple([id(), integer(1, MAX_LOG_SEQ), binary(DIGEST_BYTES, DIGEST_BYTES), z.boolean()]);

/** Schemas, created at their first use. */
const schemas = {
  messages: once(() => z.object({ messages: list(aMessage(), MAX_MESSAGES) })),
  users: once(() => z.object({ users: list(pin(), MAX_PINS) })),
};

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
  const isValid = schemas.messages().safeParse({ messages }).success && ascend(messages);
  if (isValid && messages.length > 0 && length <= MAX_BYTES)
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
  const { data } = schemas.messages().safeParse(decoded(bytes));
  const messages = data?.messages ?? [];
  if (!ascend(messages) || (messages[0]?.seq ?? 0) < first_seq) throw malformed();
  if (messages.at(-1)?.seq !== last_seq) throw malformed();
  return messages.map(({ body, fallback, ...fields }) => {
    if ((body === undefined) === (fallback === undefined)) throw malformed();
    const content: Content<Definition> | undefined = body
      ? decodeContent(body, kinds, fields.timestamp)
      : { kind: "unknown", fallback: fallback! };
    if (content === undefined) throw malformed();
    return { ...fields, content };
  });
}

/** Encodes pinned logs. @throws {ValidationError} if one is invalid, or there are more than 1,024. */
export function encodePins(pins: readonly HistoryPin[]): Bytes {
  const users = pins.map((one) => {
    const { user_id, seq, head, isVerified } = objectArgument(one, "options.pins");
    return [user_id, seq, head, isVerified];
  });
  if (schemas.users().safeParse({ users }).success) return encoded({ users });
  throw invalidArgument("options.pins", "must be at most 1,024 pinned device logs");
}

/** Decodes pinned logs. @throws {HistoryError} if they are malformed. */
export function decodePins(bytes: Uint8Array): HistoryPin[] {
  const { data } = schemas.users().safeParse(decoded(bytes));
  if (data === undefined) throw malformed();
  return data.users.map(([user_id, seq, head, isVerified]) => ({ user_id, seq, head, isVerified }));
}

const malformed = () => new HistoryError("chunk has a malformed plaintext");

function ascend(messages: readonly { readonly seq: number }[]): boolean {
  return messages.every(({ seq }, at) => at === 0 || seq > messages[at - 1]!.seq);
}

function encoded(value: object): Bytes {
  return written((writer) => writer.payload(value as Record<string, unknown>, "bin"));
}

function decoded(bytes: Uint8Array): unknown {
  if (bytes.length > MAX_BYTES) throw malformed();
  try {
    scan(bytes, INSIDE_FRAME);
    return decode(bytes, 0);
  } catch {
    throw malformed();
  }
}

function once<Value>(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
