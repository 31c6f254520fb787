import { objectArgument } from "../arguments.js";
import type { ChatMessage } from "../messages/chat.js";
import type { AnyContentDefinition } from "../messages/define-content.js";
import { type BodyOptions, bodyLimit } from "./body.js";
import { aeadOf, type ChatKey } from "./chat-key.js";
import { type Content, kindsOf, type NewContent, type TextContent } from "./content.js";
import { decryptMessage, encryptMessage, type MessageToEncrypt } from "./message.js";

/**
 * Encrypts and decrypts the messages of one chat. `Sent` and `Received` are the types of their contents. Encryption of another
 * kind than that of a ChatKey can have the same form.
 */
export interface ChatCipher<Sent = TextContent, Received = Content> {
  /** Encrypts a message, as `encryptMessage` does. */
  encrypt(message: MessageToEncrypt<Sent>): Promise<ChatMessage>;
  /** Decrypts a message of the chat, as `decryptMessage` does. */
  decrypt(message: ChatMessage): Promise<Received>;
}

/**
 * Creates the cipher of a chat from its key and the options that all its messages have in common.
 *
 * @throws {KeyError} if `key` is not a ChatKey.
 * @throws {ValidationError} if an option is invalid.
 *
 * ```ts
 * const cipher = chatCipher(key, { contents: [Picture] });
 * const message = await cipher.encrypt({ chat_id: 42, sender_id: 7, content: { kind: "picture", file_id: 9 } });
 * const content = await cipher.decrypt(message); // a text, a picture or unknown
 * ```
 */
export function chatCipher<const Definition extends AnyContentDefinition = never>(
  key: ChatKey,
  options: BodyOptions<Definition> = {},
): ChatCipher<NewContent<Definition>, Content<Definition>> {
  aeadOf(key);
  const { contents, maxBodyBytes } = objectArgument(options, "options");
  const own = { contents: [...kindsOf(contents).values()], maxBodyBytes: bodyLimit(maxBodyBytes) };
  return {
    encrypt: (message) => encryptMessage(key, message, own),
    decrypt: (message) => decryptMessage(key, message, own),
  };
}
