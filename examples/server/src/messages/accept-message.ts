import type { ChatMessage } from "lacre";
import { HttpError } from "../errors.js";
import type { Metrics } from "../http/metrics.js";
import type { AppendQueue } from "./append-queue.js";
import type { StoredInChat } from "./store-messages.js";

/** A stored message. */
export interface AcceptedMessage extends StoredInChat {
  /** The message as the server broadcasts it. */
  readonly message: ChatMessage;
}

/**
 * Checks and stores a user's message from HTTP or WebSocket.
 *
 * @throws {HttpError} if the message is not accepted.
 */
export async function acceptMessage(
  message: ChatMessage,
  userId: number,
  { appendQueue, metrics }: { readonly appendQueue: AppendQueue; readonly metrics: Metrics },
): Promise<AcceptedMessage> {
  if (message.sender_id !== userId) {
    throw new HttpError(403, "ERR_FORBIDDEN", "sender_id must be your own user id");
  }
  const stopTimer = metrics.storing.startTimer();
  const { chat, stored, isNew, isAccepting } = await appendQueue.add(message);
  stopTimer();
  if (isNew) metrics.stored.inc();
  const { id: message_id, seq, stored_at } = stored;
  const shown = { ...message, follows: undefined, message_id, seq, stored_at };
  return { chat, stored, message: shown, isNew, isAccepting };
}
