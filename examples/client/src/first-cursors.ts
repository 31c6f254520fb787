import type { ChatSummary } from "lacre";
import type { MessengerOptions } from "./messenger-options.js";

/**
 * Returns the seq of each chat after which messages are fetched: the stored cursor, or the beginning or the end of the chat.
 * Chats that are not delivered start at their end, so that nothing of them is fetched.
 */
export async function firstCursors(
  { account, only, begin = "first" }: MessengerOptions,
  chats: readonly ChatSummary[],
): Promise<ReadonlyMap<number, number>> {
  const { deliveries } = account.stores;
  const cursors = new Map<number, number>();
  for (const { chat_id, last_seq } of chats) {
    const isTaken = only === undefined || only.includes(chat_id);
    const first = begin === "first" ? 0 : last_seq;
    const cursor = isTaken ? ((await deliveries.cursor(chat_id)) ?? first) : last_seq;
    cursors.set(chat_id, cursor);
  }
  return cursors;
}
