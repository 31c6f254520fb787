import { LacreError } from "../errors.js";
import type { ChatMessage } from "../messages/chat.js";
import type { ReadMessage, Unreadable } from "./events.js";
import type { OwnOptions } from "./options.js";

/**
 * Decrypts a message. If its cipher rejects it with a LacreError, `unreadable` has the reason. Rejects if the cipher cannot be looked
 * up, or fails otherwise.
 */
export async function readMessage<Received>(
  encrypted: ChatMessage,
  { chats, session }: Pick<OwnOptions<never, Received>, "chats" | "session">,
): Promise<ReadMessage<Received>> {
  const { chat_id, seq, client_id, sender_id, timestamp, stored_at } = encrypted;
  const isOwn = sender_id === session.user_id;
  const header = { chat_id, seq, client_id, sender_id, isOwn, timestamp, stored_at, encrypted };
  const cipher = await chats(chat_id);
  let unreadable: Unreadable = { reason: "no_cipher" };
  if (cipher !== undefined) {
    try {
      return { ...header, content: await cipher.decrypt(encrypted) };
    } catch (error) {
      if (!(error instanceof LacreError)) throw error;
      unreadable = { reason: "not_decrypted", error };
    }
  }
  return { ...header, unreadable };
}
