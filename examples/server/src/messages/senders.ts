import { hasBlocked, isAccepted, isBlocked } from "../database/contacts.js";
import type { Chat } from "../database/members.js";
import { HttpError } from "../errors.js";

/**
 * Returns why a member may not send the message with the chat's last seq, or undefined if they may. In a chat that is not
 * accepted, the creator may send the first message only. A message of the other member accepts the chat, so that clients
 * without support for requests can accept. A sender with an unanswered request gets the same error as a blocked sender.
 */
export function sendRejection(chat: Chat, sender_id: number): HttpError | undefined {
  if (hasBlocked(chat, sender_id)) {
    return new HttpError(
      403,
      "ERR_BLOCKED",
      "you blocked this user: unblock them before you write",
    );
  }
  const isRequest = !isAccepted(chat) && chat.created_by === sender_id;
  const isRejected = isBlocked(chat, sender_id) || (isRequest && chat.last_seq > 1);
  return isRejected ? notAccepted() : undefined;
}

/**
 * Returns why a member may not change a setting that deletes messages of both members, or undefined if they may. The creator
 * of a request may always change it, so that the answer does not reveal a block.
 */
export function deletionRejection(chat: Chat, user_id: number): HttpError | undefined {
  return isAccepted(chat) && isBlocked(chat, user_id) ? notAccepted() : undefined;
}

function notAccepted(): HttpError {
  return new HttpError(
    403,
    "ERR_NOT_ACCEPTED",
    "the other member does not accept your messages: wait until they accept the chat or answer",
  );
}
