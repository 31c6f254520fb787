import { Ack, ChatMessage } from "lacre";
import { notAMember, Refusal } from "../errors.js";
import { storeMessage } from "../messages/store-message.js";
import type { Connection } from "./connection.js";
import type { LiveContext } from "./live.js";

/** Stores, acknowledges, and only then hands on. */
export async function handleChatMessage(
  message: ChatMessage,
  connection: Connection,
  { store, live, log }: LiveContext,
): Promise<void> {
  const { chat_id, sender_id, client_id, epoch, counter, device } = message;
  if (sender_id !== connection.userId) {
    throw new Refusal(403, "ERR_FORBIDDEN", "sender_id must be your own user id");
  }
  if (epoch !== undefined || counter !== undefined || device !== undefined) {
    throw new Refusal(
      422,
      "ERR_UNSUPPORTED",
      "this server does not store epoch, counter and device, without which the message could not be read",
    );
  }
  const chat = await store.findChat(chat_id, sender_id);
  if (chat === undefined) throw notAMember();

  const { stored, isNew } = await storeMessage(store, message);
  const { id: message_id, seq, stored_at } = stored;
  const bytes = message.content.length;
  log.debug({ chat_id, message_id, seq, client_id, bytes, isNew }, "message stored");
  if (client_id !== undefined) {
    connection.send(Ack, { client_id, chat_id, message_id, seq, stored_at });
  }
  if (!isNew) return;
  for (const other of live.of(chat.user1_id, chat.user2_id)) {
    if (other === connection) continue;
    other.send(ChatMessage, { ...message, message_id, seq });
    other.noteSent(chat_id, seq);
  }
}
