import { Ack, type ChatMessage } from "lacre";
import { acceptMessage } from "../messages/accept-message.js";
import type { Connection } from "./connection.js";
import type { FrameContext } from "./frame-context.js";

/** Stores a message, acknowledges it to the sender, then broadcasts it. */
export async function handleChatMessage(
  message: ChatMessage,
  connection: Connection,
  context: FrameContext,
): Promise<void> {
  const { hub, log } = context;
  const accepted = await acceptMessage(message, connection.userId, context);
  const { id: message_id, seq, stored_at } = accepted.stored;
  const { chat_id, client_id } = message;
  const bytes = message.content.length;
  const { isNew } = accepted;
  log.debug({ chat_id, message_id, seq, client_id, bytes, isNew }, "message stored");
  if (client_id !== undefined) {
    connection.send(Ack, { client_id, chat_id, message_id, seq, stored_at });
  }
  if (isNew) hub.broadcastMessage(accepted, connection);
}
