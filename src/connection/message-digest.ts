import { sha256 } from "@noble/hashes/sha2.js";
import { objectArgument } from "../arguments.js";
import { type Bytes, concat, isBytes } from "../bytes.js";
import { ValidationError } from "../errors.js";
import type { ChatMessage } from "../messages/chat.js";
import { chatMessageAad } from "../messages/chat-message-aad.js";

/**
 * Returns the digest of a message, 32 bytes: SHA-256 of aad ‖ nonce ‖ content (section 11 of docs/PROTOCOL.md). It is the same
 * on both wires. A server stores it to detect a repeated message, also after the content is deleted.
 *
 * ```ts
 * const isRepetition = Buffer.compare(stored.digest, messageDigest(message)) === 0;
 * ```
 *
 * @throws {ValidationError} if a field that the digest covers is invalid.
 */
export function messageDigest(message: ChatMessage): Bytes {
  const { nonce, content, ...header } = objectArgument(message, "message");
  const aad = chatMessageAad(header);
  if (aad === undefined || !isBytes(nonce) || !isBytes(content)) {
    throw new ValidationError("message", [
      { path: [], message: "a field that the digest covers is invalid" },
    ]);
  }
  return sha256(concat(aad, nonce, content));
}
