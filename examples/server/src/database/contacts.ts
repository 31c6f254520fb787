import type { ExpressionBuilder } from "kysely";
import type { Chat, Schema } from "./schema.js";

/** A member's decision about a chat with a peer. */
export type ContactAction = "accept" | "block" | "unblock";

/** Returns the id of the other member of a chat. */
export function peerOf({ user1_id, user2_id }: Chat, user_id: number): number {
  return user1_id === user_id ? user2_id : user1_id;
}

/** Whether a member has blocked the other. */
export function hasBlocked(chat: Chat, user_id: number): boolean {
  return chat[blockedColumn(chat, user_id)] !== null;
}

/** Whether a chat is accepted and neither member blocked the other. Only then do members receive each other's presence. */
export function isMutual({ accepted_at, user1_blocked_at, user2_blocked_at }: Chat): boolean {
  return accepted_at !== null && user1_blocked_at === null && user2_blocked_at === null;
}

/** Expresses `isMutual` in a query. */
export function isMutualInChat({ and, eb }: ExpressionBuilder<Schema, "chats">) {
  return and([
    eb("accepted_at", "is not", null),
    eb("user1_blocked_at", "is", null),
    eb("user2_blocked_at", "is", null),
  ]);
}

/** Whether a chat waits for this member to accept it. */
export function isRequestTo({ accepted_at, created_by }: Chat, user_id: number): boolean {
  return accepted_at === null && created_by !== user_id;
}

/** Returns the column with the time at which a member blocked the other. */
export function blockedColumn({ user1_id }: Chat, user_id: number) {
  return user1_id === user_id ? "user1_blocked_at" : "user2_blocked_at";
}
