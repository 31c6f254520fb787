import { invalidArgument } from "../arguments.js";
import { isClientId } from "../bytes.js";
import { ValidationError } from "../errors.js";
import type { AnyContentDefinition, ContentOf, ContentToSend } from "../messages/define-content.js";
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

/** The plaintext of a message of a kind that the reader does not know, from a newer client for example. */
export interface UnknownContent {
  readonly kind: "unknown";
  /** Text to display in its place, possibly empty. */
  readonly fallback: string;
}

/** The plaintext of a message, discriminated by `kind`. `Definition` is that of the application's own kinds. */
export type Content<Definition extends AnyContentDefinition = never> =
  | TextContent
  | ContentOf<Definition>
  | UnknownContent;

/** A content to send. `Definition` is that of the application's own kinds. */
export type NewContent<Definition extends AnyContentDefinition = never> =
  | TextContent
  | ContentToSend<Definition>;

/** The application's own kinds of content, by their names. */
export type Kinds<Definition extends AnyContentDefinition> = ReadonlyMap<string, Definition>;

/** Returns the definitions of the option `contents`. @throws {ValidationError} if it is not an array of definitions. */
export function kindsOf<Definition extends AnyContentDefinition>(
  contents: readonly Definition[] = [],
): Kinds<Definition> {
  const definitions = Array.isArray(contents) ? contents : [undefined];
  const kinds = new Map<string, Definition>();
  // `encode` is the method of a ContentDefinition only.
  for (const definition of definitions)
    if (definition?.encode) kinds.set(definition.kind, definition);
  if (kinds.size === definitions.length) return kinds;
  throw invalidArgument("options.contents", "must be definitions of different kinds");
}

/**
 * Encodes a content as the MessagePack body of a message.
 *
 * @param timestamp - Time of the message, Unix time in seconds.
 * @throws {ValidationError} if the content is invalid.
 */
export function encodeContent<Definition extends AnyContentDefinition = never>(
  content: NewContent<Definition>,
  kinds: Kinds<Definition> = new Map(),
  timestamp = 0,
): Uint8Array {
  const kind: string | undefined = content?.kind;
  const body =
    kinds.get(kind!)?.encode(content, timestamp) ?? textBody(kind, content as TextContent);
  return written((writer) => writer.payload(body, "bin"));
}

function textBody(kind: string | undefined, content: TextContent) {
  const invalid = (field: string, message: string) =>
    new ValidationError("content", [{ path: [field], message }]);
  if (kind !== "text") throw invalid("kind", 'must be "text", or in options.contents');
  const { text, reply_to } = content;
  if (typeof text !== "string") throw invalid("text", "must be text");
  if (reply_to !== undefined && !isClientId(reply_to)) {
    throw invalid("reply_to", "must be a client id: a UUID in lower case, and not the nil UUID");
  }
  return { kind, text, reply_to };
}

/**
 * Decodes the body of a message. Returns undefined for a malformed body.
 *
 * @param timestamp - Time of the message, Unix time in seconds.
 */
export function decodeContent<Definition extends AnyContentDefinition = never>(
  body: Uint8Array,
  kinds: Kinds<Definition> = new Map(),
  timestamp = 0,
): Content<Definition> | undefined {
  const fields = fieldsOf(body);
  const { kind, text, fallback, reply_to = null } = fields;
  if (kind === "text") {
    if (typeof text !== "string") return undefined;
    if (reply_to === null) return { kind, text };
    return isClientId(reply_to) ? { kind, text, reply_to } : undefined;
  }
  if (typeof kind !== "string") return undefined;
  const own = kinds.get(kind);
  if (own !== undefined) return own.decode(fields, timestamp) as Content<Definition> | undefined;
  return { kind: "unknown", fallback: typeof fallback === "string" ? fallback : "" };
}

/** Returns whether a content is of a kind that the reader does not know. */
export function isUnknown(content: unknown): content is UnknownContent {
  return (content as Partial<UnknownContent> | undefined)?.kind === "unknown";
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
