import type { MessageListResponse, Resume } from "lacre";
import { answerResume, fittingInFrame } from "lacre/session";
import type { Store } from "../database/store.js";
import { toChatMessage } from "./to-chat-message.js";

/** Most messages in one answer. */
export const MAX_MESSAGES = 100;

/** What a chat has after a seq, as much of it as fits a frame; undefined for one who is no member. */
export async function listMessages(
  store: Store,
  user_id: number,
  { chat_id, after, limit }: Resume,
  frame: { readonly maxFrameBytes?: number } = {},
): Promise<MessageListResponse | undefined> {
  const most = Math.min(limit, MAX_MESSAGES);
  const chat = await store.findChat(chat_id, user_id);
  if (chat === undefined) return undefined;
  const rows = await store.listMessages(chat_id, { after, limit: most, now: Date.now() / 1000 });
  const { last_seq } = chat;
  // What came in between these two readings is for the next answer: a list reaches no further than it says.
  const messages = rows.filter(({ seq }) => seq <= last_seq).map(toChatMessage);
  return answerResume({ chat_id, after, limit: most }, { last_seq, messages, ...frame });
}

/** A page of a chat's messages: the first after `after`, or the last before `before`; undefined for one who is no member. */
export async function pageMessages(
  store: Store,
  user_id: number,
  {
    chat_id,
    after,
    before,
    limit,
  }: {
    readonly chat_id: number;
    readonly after: number | undefined;
    readonly before: number | undefined;
    readonly limit: number;
  },
): Promise<MessageListResponse | undefined> {
  if (before === undefined) {
    return listMessages(store, user_id, { chat_id, after: after ?? 0, limit });
  }
  if ((await store.findChat(chat_id, user_id)) === undefined) return undefined;
  const page = { before, ...(after !== undefined && { after }), now: Date.now() / 1000 };
  const rows = await store.listMessages(chat_id, { ...page, limit: limit + 1 });
  const newest = rows.map(toChatMessage).reverse();
  const fitting = fittingInFrame(newest.slice(0, limit));
  return { messages: fitting.reverse(), has_more: fitting.length < newest.length };
}
