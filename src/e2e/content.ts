import { isClientId } from "../bytes.js";
import { ValidationError } from "../errors.js";
import { decode, type WireMap } from "../wire/decode.js";
import { written } from "../wire/encode.js";
import { INSIDE_FRAME, scan } from "../wire/scan.js";

/** A text that someone wrote; `reply_to` is the client id of the message that it answers. */
export interface TextContent {
  readonly kind: "text";
  readonly text: string;
  readonly reply_to?: string;
}

/** What a newer client sent and this one does not know, with the text to show in its place (maybe empty). */
export interface UnknownContent {
  readonly kind: "unknown";
  readonly fallback: string;
}

/** What a decrypted message says, discriminated by `kind`. */
export type Content = TextContent | UnknownContent;

/** The MessagePack body of a content. Throws ValidationError. */
export function encodeContent(content: TextContent): Uint8Array {
  const refuse = (field: string, message: string) =>
    new ValidationError("content", [{ path: [field], message }]);
  if (content?.kind !== "text") throw refuse("kind", 'must be "text"');
  const { kind, text, reply_to } = content;
  if (typeof text !== "string") throw refuse("text", "must be text");
  if (reply_to !== undefined && !isClientId(reply_to)) {
    throw refuse("reply_to", "must be a client id: a UUID in lower case, and not the nil UUID");
  }
  return written((writer) => writer.payload({ kind, text, reply_to }, "bin"));
}

/** The content of a body, or undefined for a body that no client makes. */
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

/** What a body says; what is no map has no fields either. */
function fieldsOf(body: Uint8Array): WireMap {
  try {
    scan(body, INSIDE_FRAME);
    return (decode(body, 0) ?? {}) as WireMap;
  } catch {
    return {};
  }
}
