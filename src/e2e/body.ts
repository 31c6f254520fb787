import { deflate, inflate } from "#native";
import { numberArgument } from "../arguments.js";
import { ValidationError } from "../errors.js";
import { DEFAULT_MAX_BODY_BYTES, MAX_BODY_BYTES, MIN_COMPRESSED_BYTES } from "../limits.js";
import type { AnyContentDefinition } from "../messages/define-content.js";
import {
  type Content,
  decodeContent,
  encodeContent,
  type Kinds,
  kindsOf,
  type NewContent,
} from "./content.js";
import { type Padded, pad, unpad } from "./padding.js";

/** What both ends of a chat know of its messages. */
export interface BodyOptions<Definition extends AnyContentDefinition = never> {
  /**
   * The application's own kinds of content, from `defineContent` of `lacre`. A reader without the definition of a kind gets its
   * `fallback`. Default: none.
   */
  readonly contents?: readonly Definition[];
  /**
   * Maximum size in bytes of a message's uncompressed body: its text in UTF-8, and about 20 bytes more. At most 1,048,576.
   * Default: 131,072. A reader needs the same option to accept longer bodies.
   */
  readonly maxBodyBytes?: number;
}

/** Checked options of a body. */
export interface BodyRules<Definition extends AnyContentDefinition> {
  readonly kinds: Kinds<Definition>;
  readonly limit: number;
}

/** Checks the options of a body. @throws {ValidationError} if an option is invalid. */
export function bodyRules<Definition extends AnyContentDefinition>(
  options: BodyOptions<Definition>,
): BodyRules<Definition> {
  return { kinds: kindsOf(options.contents), limit: bodyLimit(options.maxBodyBytes) };
}

/** Returns the effective limit in bytes. @throws {ValidationError} if `maxBodyBytes` is not a number of at least 0. */
export function bodyLimit(maxBodyBytes: number | undefined = DEFAULT_MAX_BODY_BYTES): number {
  return Math.min(numberArgument(maxBodyBytes, "options.maxBodyBytes", 0), MAX_BODY_BYTES);
}

/**
 * Encodes a content as the padded plaintext of a message (docs/PROTOCOL.md, E-8).
 *
 * @param timestamp - Time of the message, Unix time in seconds.
 * @throws {ValidationError} if the content is invalid or too long.
 */
export async function encodeBody<Definition extends AnyContentDefinition>(
  content: NewContent<Definition>,
  { kinds, limit }: BodyRules<Definition>,
  timestamp: number,
  compress = false,
): Promise<Uint8Array> {
  const body = encodeContent(content, kinds, timestamp);
  return pad(await compressedBody(body, compress, limit));
}

/** Decodes the padded plaintext of a message. Returns undefined if it is malformed, or its body is too long. */
export function decodeBody<Definition extends AnyContentDefinition>(
  plaintext: Uint8Array,
  { kinds, limit }: BodyRules<Definition>,
  timestamp: number,
): Content<Definition> | undefined {
  const padded = unpad(plaintext);
  // Also correct for a compressed body: the writer compresses only if that makes the body shorter.
  if (padded === undefined || padded.body.length > limit) return undefined;
  const body = padded.isCompressed ? inflate(padded.body, limit) : padded.body;
  return body && decodeContent(body, kinds, timestamp);
}

/**
 * Compresses a body if `compress` is true and the result is shorter.
 *
 * @throws {ValidationError} if the body has more than `limit` bytes.
 */
async function compressedBody(body: Uint8Array, compress: boolean, limit: number): Promise<Padded> {
  if (body.length > limit) {
    const issue = { path: ["content"], message: `has more than ${limit} bytes` };
    throw new ValidationError("message", [issue]);
  }
  const isWorthwhile = compress && body.length >= MIN_COMPRESSED_BYTES;
  const deflated = isWorthwhile ? await deflate(body) : undefined;
  return deflated !== undefined && deflated.length < body.length
    ? { isCompressed: true, body: deflated }
    : { isCompressed: false, body };
}
