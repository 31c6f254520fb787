import { deflate, inflate } from "#native";
import { unixNow } from "../clock.js";
import { DecryptError, ValidationError } from "../errors.js";
import { MAX_BODY_BYTES, MAX_CONTENT_BYTES, MIN_COMPRESSED_BYTES } from "../limits.js";
import type { ChatMessage } from "../messages/chat.js";
import { chatMessageAad, wholeMilliseconds } from "../messages/chat-message-aad.js";
import type { ChatKey } from "./chat-key.js";
import { type Content, decodeContent, encodeContent, type TextContent } from "./content.js";
import { seal, unseal } from "./encrypt.js";
import { pad, unpad } from "./padding.js";

/** What a message is encrypted from. */
export interface MessageToEncrypt {
  readonly chat_id: number;
  readonly sender_id: number;
  readonly content: TextContent;
  /** Unix time in seconds, rounded to whole milliseconds. By default now. */
  readonly timestamp?: number;
  /** The UUID, in lower case, under which the message may be sent more than once. */
  readonly client_id?: string;
}

/**
 * Encrypts a message for the members of a chat (section 8 of docs/PROTOCOL.md): its text is padded, and bound to the
 * chat, the sender, the time and the client id. Throws ValidationError, also for a text that would not fit a frame.
 *
 * ```ts
 * const message = await encryptMessage(key, { chat_id: 42, sender_id: 7, content: { kind: "text", text: "hola" } });
 * const bytes = ChatMessage.toProtocol(message, signingKey).toBytes();
 * ```
 */
export async function encryptMessage(
  key: ChatKey,
  message: MessageToEncrypt,
): Promise<ChatMessage> {
  const { chat_id, sender_id, client_id, timestamp: exactly = unixNow() } = message;
  const timestamp = typeof exactly === "number" ? wholeMilliseconds(exactly) / 1000 : Number.NaN;
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
  const plaintext = pad(await compact(encodeContent(message.content)));
  const { nonce, content } = await seal(key, plaintext, aad);
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
 * Decrypts a message of a chat. What it says was written by someone who holds the chat's key, for this chat, under this
 * sender, time and client id; `message_id` and `seq` are the server's word. Throws DecryptError, the same whatever is wrong.
 *
 * ```ts
 * const content = await decryptMessage(key, ChatMessage.fromProtocol(opened));
 * if (content.kind === "text") show(content.text);
 * ```
 */
export async function decryptMessage(key: ChatKey, message: ChatMessage): Promise<Content> {
  const { epoch, counter, device } = message ?? {};
  const isOfThisVersion = epoch === undefined && counter === undefined && device === undefined;
  const aad = chatMessageAad(message ?? {});
  if (!isOfThisVersion || aad === undefined) throw new DecryptError();
  const padded = unpad(await unseal(key, message, aad));
  if (padded === undefined) throw new DecryptError();
  const body = padded.isCompressed ? inflate(padded.body, MAX_BODY_BYTES) : padded.body;
  const isWithinBounds = body !== undefined && body.length <= MAX_BODY_BYTES;
  const content = isWithinBounds ? decodeContent(body) : undefined;
  if (content === undefined) throw new DecryptError();
  return content;
}

/** The body compressed, where that makes it shorter. One author's text alone, so that its length tells nobody about another's. */
async function compact(body: Uint8Array): Promise<{ isCompressed: boolean; body: Uint8Array }> {
  if (body.length > MAX_BODY_BYTES) {
    const issue = { path: ["content"], message: `has more than ${MAX_BODY_BYTES} bytes` };
    throw new ValidationError("message", [issue]);
  }
  const deflated = body.length < MIN_COMPRESSED_BYTES ? undefined : await deflate(body);
  return deflated !== undefined && deflated.length < body.length
    ? { isCompressed: true, body: deflated }
    : { isCompressed: false, body };
}
