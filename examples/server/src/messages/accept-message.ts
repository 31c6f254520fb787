import type { ChatMessage } from "lacre";
import type { Chat, StoredMessage } from "../database/schema.js";
import type { Store } from "../database/store.js";
import { notAMember, Refusal } from "../errors.js";
import { storeMessage } from "./store-message.js";

/** A message that is on the disk. */
export interface AcceptedMessage {
  readonly chat: Chat;
  readonly stored: StoredMessage;
  /** As it goes to the others. */
  readonly message: ChatMessage;
  readonly isNew: boolean;
}

/** Checks and stores a message of a user's, whichever way it came. Throws a Refusal. */
export async function acceptMessage(
  message: ChatMessage,
  userId: number,
  store: Store,
): Promise<AcceptedMessage> {
  const { chat_id, sender_id, epoch, counter, device } = message;
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
  const chat = await store.findChat(chat_id, userId);
  if (chat === undefined) throw notAMember();
  const { stored, isNew } = await storeMessage(store, message);
  return { chat, stored, message: { ...message, message_id: stored.id, seq: stored.seq }, isNew };
}
