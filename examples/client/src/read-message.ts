import { type ChatMessage, LacreError } from "lacre";
import { type ChatKey, type Content, decryptMessage } from "lacre/e2e";

/** Why a message cannot be read. */
export type Unreadable =
  /** Its chat was not opened here. */
  | "locked"
  /** It was not written for this chat by this sender with the chat's key, or was changed since. */
  | "tampered"
  /** It is of a version of the encryption that this client does not know. */
  | "newer";

/** A message as a person may see it. */
export interface ReadMessage {
  readonly chat_id: number;
  /** Undefined while the server does not have it. */
  readonly seq: number | undefined;
  readonly client_id: string | undefined;
  readonly sender_id: number;
  readonly isOwn: boolean;
  /** When its sender wrote it, by the sender's clock. Unix time in seconds. */
  readonly timestamp: number;
  /** When the server stored it, by the server's clock. Undefined while it has not. Unix time in seconds. */
  readonly stored_at: number | undefined;
  readonly content: Content | { readonly kind: "unreadable"; readonly reason: Unreadable };
  /** What the server sees of it. */
  readonly encrypted: ChatMessage;
}

/** Decrypts a message, if possible. */
export async function readMessage(
  encrypted: ChatMessage,
  key: ChatKey | undefined,
  userId: number,
): Promise<ReadMessage> {
  return withContent(encrypted, userId, await contentOf(encrypted, key));
}

/** Returns a message with its content, which the caller knows. */
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
