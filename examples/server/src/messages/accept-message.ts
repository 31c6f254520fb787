import type { ChatMessage } from "lacre";
import { Refusal } from "../errors.js";
import type { Services } from "../services.js";
import { type StoredInChat, storeMessage } from "./store-message.js";

/** A message that is on the disk. */
export interface AcceptedMessage extends StoredInChat {
  /** As it goes to the others. */
  readonly message: ChatMessage;
}

/** Checks and stores a message of a user's, whichever way it came. Throws a Refusal. */
export async function acceptMessage(
  message: ChatMessage,
  userId: number,
  { store, metrics }: Pick<Services, "store" | "metrics">,
): Promise<AcceptedMessage> {
  const { sender_id, epoch, counter, device } = message;
  if (sender_id !== userId) {
    throw new Refusal(403, "ERR_FORBIDDEN", "sender_id must be your own user id");
  }
  if (epoch !== undefined || counter !== undefined || device !== undefined) {
    throw new Refusal(
      422,
      "ERR_UNSUPPORTED",
      "this server does not store epoch, counter and device, without which the message could not be read",
    );
  }
  const note = metrics.storing.startTimer();
  const { chat, stored, isNew } = await storeMessage(store, message);
  note();
  if (isNew) metrics.stored.inc();
  return { chat, stored, message: { ...message, message_id: stored.id, seq: stored.seq }, isNew };
}
