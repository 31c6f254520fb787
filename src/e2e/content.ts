import { isClientId } from "../bytes.js";
import { ValidationError } from "../errors.js";
import { decode, type WireMap } from "../wire/decode.js";
import { written } from "../wire/encode.js";
import { INSIDE_FRAME, scan } from "../wire/scan.js";

/** The plaintext of a text message. */
export interface TextContent {
  readonly kind: "text";
  readonly text: string;
  /** Client id of the message that this one answers. */
  readonly reply_to?: string;
}

/** The plaintext of a message from a newer client, of a kind that this version does not support. */
export interface UnknownContent {
  readonly kind: "unknown";
  /** Text to display in its place, possibly empty. */
  readonly fallback: string;
}

/** The plaintext of a message, discriminated by `kind`. */
export type Content = TextContent | UnknownContent;

/**
 * Encodes a content as the MessagePack body of a message.
 *
 * @throws {ValidationError} if the content is invalid.
 */
export function encodeContent(content: TextContent): Uint8Array {
  const invalid = (field: string, message: string) =>
    new ValidationError("content", [{ path: [field], message }]);
  if (content?.kind !== "text") throw invalid("kind", 'must be "text"');
  const { kind, text, reply_to } = content;
  if (typeof text !== "string") throw invalid("text", "must be text");
  if (reply_to !== undefined && !isClientId(reply_to)) {
    throw invalid("reply_to", "must be a client id: a UUID in lower case, and not the nil UUID");
  }
  return written((writer) => writer.payload({ kind, text, reply_to }, "bin"));
}

/** Decodes the body of a message. Returns undefined for a malformed body. */
export function decodeContent(body: Uint8Array): Content | undefined {
  const { kind, text, fallback, reply_to = null } = fieldsOf(body);
  if (kind === "text") {
    if (typeof text !== "string") return undefined;
    if (reply_to === null) return { kind, text };
    return isClientId(reply_to) ? { kind, text, reply_to } : undefined;
  }
  if (typeof kind !== "string") return undefined;
  return { kind: "unknown", fallback: typeof fallback === "string" ? fallback : "" };
}

/** Decodes the fields of a body. A body that is malformed or not a map has none. */
function fieldsOf(body: Uint8Array): WireMap {
  try {
    scan(body, INSIDE_FRAME);
    return (decode(body, 0) ?? {}) as WireMap;
  } catch {
    return {};
  }
}
