import type { MessageListResponse, Resume } from "lacre";
import { answerResume } from "lacre/session";
import type { Store } from "../database/store.js";
import { toChatMessage } from "./to-chat-message.js";

/** Most messages in one answer. */
export const MAX_MESSAGES = 100;

/** What a chat has after a seq, as much of it as fits a frame; undefined for one who is no member. */
export function listMessages(
  store: Store,
  user_id: number,
  { chat_id, after, limit }: Resume,
): Promise<MessageListResponse | undefined> {
  const most = Math.min(limit, MAX_MESSAGES);
  return store.transaction(async (inside) => {
    const chat = await inside.findChat(chat_id, user_id);
    if (chat === undefined) return undefined;
    const rows = await inside.listMessages(chat_id, { after, limit: most, now: Date.now() / 1000 });
    const stored = { last_seq: chat.last_seq, messages: rows.map(toChatMessage) };
    return answerResume({ chat_id, after, limit: most }, stored);
  });
}
