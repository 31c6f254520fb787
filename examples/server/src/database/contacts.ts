import { type Chat, isMls, memberOf } from "./members.js";

/** A member's decision about a chat with a peer. */
export type ContactAction = "accept" | "block" | "unblock";

/** Whether a member has blocked the other. */
export function hasBlocked(chat: Chat, user_id: number): boolean {
  return memberOf(chat, user_id).isBlocking;
}

/** Whether a member has been blocked by another. */
export function isBlocked({ members }: Chat, user_id: number): boolean {
  return members.some((member) => member.user_id !== user_id && member.isBlocking);
}

/** Whether all members have accepted the chat. */
export function isAccepted({ members }: Chat): boolean {
  return members.every(({ hasAccepted }) => hasAccepted);
}

/**
 * Whether members receive each other's receipts and `typing`: in an MLS chat always, in a passphrase chat if it is accepted and
 * no member blocked the other.
 */
export function isMutual(chat: Chat): boolean {
  if (isMls(chat)) return true;
  return isAccepted(chat) && !chat.members.some(({ isBlocking }) => isBlocking);
}

/** Whether a chat waits for this member to accept it. */
export function isRequestTo(chat: Chat, user_id: number): boolean {
  return !memberOf(chat, user_id).hasAccepted;
}
