import type { ChatMessage } from "lacre";
import type { UndeletedMessage } from "../database/message-pages.js";

/** Converts a stored message to its wire form: the sender's fields unchanged, plus the server's id, seq and time. */
export function toChatMessage(stored: UndeletedMessage): ChatMessage {
  const { id, chat_id, sender_id, seq, client_id, encrypted_content, nonce } = stored;
  const { timestamp, stored_at, epoch, device, content_type } = stored;
  return {
    chat_id,
    sender_id,
    content: encrypted_content,
    nonce,
    timestamp,
    message_id: id,
    seq,
    stored_at,
    ...(client_id !== null && { client_id }),
    ...(epoch !== null && { epoch }),
    ...(device !== null && { device }),
    ...(content_type !== null && { content_type: content_type as ChatMessage["content_type"] }),
  };
}
