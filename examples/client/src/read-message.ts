import { type ChatMessage, LacreError } from "lacre";
import { type ChatKey, type Content, decryptMessage } from "lacre/e2e";

/** Reason why a message cannot be decrypted. */
export type Unreadable =
  /** The chat is not open. */
  | "locked"
  /** The chat's key does not authenticate it for this chat and sender. */
  | "tampered"
  /** A later version of the encryption, which this client does not support. */
  | "newer";

/** A message in decrypted form. */
export interface ReadMessage {
  readonly chat_id: number;
  /** Undefined until the server acknowledges it. */
  readonly seq: number | undefined;
  readonly client_id: string | undefined;
  readonly sender_id: number;
  readonly isOwn: boolean;
  /** Time at which the sender wrote it, by the sender's clock. Unix time in seconds. */
  readonly timestamp: number;
  /**
   * Time at which the server stored it, by the server's clock. Unix time in seconds. Undefined until the server acknowledges
   * it.
   */
  readonly stored_at: number | undefined;
  readonly content: Content | { readonly kind: "unreadable"; readonly reason: Unreadable };
  /** The encrypted form, as the server stores it. */
  readonly encrypted: ChatMessage;
}

/** Decrypts a message. If that fails, its content is `unreadable`, with the reason. */
export async function readMessage(
  encrypted: ChatMessage,
  key: ChatKey | undefined,
  userId: number,
): Promise<ReadMessage> {
  return withContent(encrypted, userId, await contentOf(encrypted, key));
}

/** Combines a message with a content that the caller knows. */
export function withContent(
  encrypted: ChatMessage,
  userId: number,
  content: ReadMessage["content"],
): ReadMessage {
  const { chat_id, seq, client_id, sender_id, timestamp, stored_at } = encrypted;
  const isOwn = sender_id === userId;
  return { chat_id, seq, client_id, sender_id, isOwn, timestamp, stored_at, content, encrypted };
}

async function contentOf(
  message: ChatMessage,
  key: ChatKey | undefined,
): Promise<ReadMessage["content"]> {
  const { epoch, counter, device } = message;
  if (epoch !== undefined || counter !== undefined || device !== undefined) {
    return { kind: "unreadable", reason: "newer" };
  }
  if (key === undefined) return { kind: "unreadable", reason: "locked" };
  try {
    return await decryptMessage(key, message);
  } catch (error) {
    if (!(error instanceof LacreError)) throw error;
    return { kind: "unreadable", reason: "tampered" };
  }
}
