import type { ChatMessage } from "lacre";
import type { LivingMessage } from "../database/store.js";

/** A stored message as it travels: what the sender wrote, unchanged, with what the server gave it. */
export function toChatMessage(stored: LivingMessage): ChatMessage {
  const { id, chat_id, sender_id, seq, client_id, encrypted_content, nonce, timestamp } = stored;
  return {
    chat_id,
    sender_id,
    content: encrypted_content,
    nonce,
    timestamp,
    message_id: id,
    seq,
    ...(client_id !== null && { client_id }),
  };
}
