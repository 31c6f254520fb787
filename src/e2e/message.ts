import { objectArgument, timeArgument } from "../arguments.js";
import { unixNow } from "../clock.js";
import { DecryptError, ValidationError } from "../errors.js";
import { MAX_CONTENT_BYTES } from "../limits.js";
import type { ChatMessage } from "../messages/chat.js";
import { chatMessageAad, wholeMilliseconds } from "../messages/chat-message-aad.js";
import type { AnyContentDefinition } from "../messages/define-content.js";
import { type BodyOptions, bodyRules, decodeBody, encodeBody } from "./body.js";
import type { ChatKey } from "./chat-key.js";
import type { Content, NewContent, TextContent } from "./content.js";
import { decryptBytes, encryptBytes } from "./encrypt.js";

/** The fields of a message to encrypt. `Sent` is the type of its content. */
export interface MessageToEncrypt<Sent = TextContent> {
  readonly chat_id: number;
  readonly sender_id: number;
  readonly content: Sent;
  /** Unix time in seconds, rounded to whole milliseconds. Default: now. */
  readonly timestamp?: number;
  /** UUID in lower case. If the message is sent again with the same id, the server stores it once. */
  readonly client_id?: string;
}

/** Options of `encryptMessage`. */
export interface EncryptMessageOptions<Definition extends AnyContentDefinition = never>
  extends BodyOptions<Definition> {
  /**
   * Whether to compress a body of 512 bytes or more, if that makes it shorter. The length of the ciphertext then reveals
   * repetitions: never compress a secret together with another author's text (CRIME, BREACH). Default: false.
   */
  readonly compress?: boolean;
}

/**
 * Encrypts a message for the members of a chat (docs/PROTOCOL.md, section 8). It pads the content, and binds the ciphertext to
 * the chat, the sender, the time and the client id.
 *
 * @param message - `content` is a text, or of a kind of `options.contents`.
 * @throws {ValidationError} if a field is invalid, the body exceeds `maxBodyBytes`, or the ciphertext exceeds 720,000 bytes.
 * @throws {KeyError} if `key` is not a ChatKey.
 *
 * ```ts
 * const message = await encryptMessage(key, { chat_id: 42, sender_id: 7, content: { kind: "text", text: "hola" } });
 * const bytes = ChatMessage.toProtocol(message, signingKey).toBytes();
 * ```
 */
export async function encryptMessage<const Definition extends AnyContentDefinition = never>(
  key: ChatKey,
  message: MessageToEncrypt<NewContent<Definition>>,
  options: EncryptMessageOptions<Definition> = {},
): Promise<ChatMessage> {
  const { compress = false, ...rest } = objectArgument(options, "options");
  const {
    chat_id,
    sender_id,
    client_id,
    timestamp: exactly = unixNow(),
  } = objectArgument(message, "message");
  const timestamp = wholeMilliseconds(timeArgument(exactly, "message.timestamp")) / 1000;
  const header = { chat_id, sender_id, timestamp, ...(client_id !== undefined && { client_id }) };
  const aad = chatMessageAad(header);
  if (aad === undefined) {
    throw new ValidationError("message", [
      {
        path: [],
        message:
          "chat_id and sender_id must be positive integers, timestamp a time in seconds, client_id a UUID in lower case",
      },
    ]);
  }
  const plaintext = await encodeBody(message.content, bodyRules(rest), timestamp, compress);
  const { nonce, content } = await encryptBytes(key, plaintext, aad);
  if (content.length > MAX_CONTENT_BYTES) {
    const issue = {
      path: ["content"],
      message: `has more than ${MAX_CONTENT_BYTES} bytes encrypted`,
    };
    throw new ValidationError("message", [issue]);
  }
  return { ...header, content, nonce };
}

/**
 * Decrypts a message of a chat. The result proves that a holder of the chat's key wrote it for this chat, sender, time and
 * client id. `message_id`, `seq` and `stored_at` come from the server and are not authenticated by it.
 *
 * @throws {DecryptError} if the message was changed, is malformed, is of another key, or has a body of more than
 * `maxBodyBytes`. It does not reveal which.
 * @throws {KeyError} if `key` is not a ChatKey.
 *
 * ```ts
 * const content = await decryptMessage(key, ChatMessage.fromProtocol(opened), { contents: [Picture] });
 * if (content.kind === "text") show(content.text);
 * if (content.kind === "picture") show(content.file_id);
 * if (content.kind === "unknown") show(content.fallback);
 * ```
 */
export async function decryptMessage<const Definition extends AnyContentDefinition = never>(
  key: ChatKey,
  message: ChatMessage,
  options: BodyOptions<Definition> = {},
): Promise<Content<Definition>> {
  const rules = bodyRules(objectArgument(options, "options"));
  const { epoch, counter, device, timestamp } = message ?? {};
  const isOfThisVersion = epoch === undefined && counter === undefined && device === undefined;
  const aad = chatMessageAad(message ?? {});
  if (!isOfThisVersion || aad === undefined) throw new DecryptError();
  const content = decodeBody(await decryptBytes(key, message, aad), rules, timestamp);
  if (content === undefined) throw new DecryptError();
  return content;
}
