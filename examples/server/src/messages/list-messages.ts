import type { MessageListResponse, Resume } from "lacre";
import { answerResume, type MessagePage, type MessageQuery, messagesThatFit } from "lacre/server";
import { parameters } from "lacre-api";
import { expiredUntil } from "../database/expiry.js";
import { memberOf } from "../database/members.js";
import type { Store } from "../database/store.js";
import { toChatMessage } from "./to-chat-message.js";

/** Maximum bytes of a frame and of an HTTP answer. */
const MAX_FRAME_BYTES = 1024 * 1024;

/**
 * Reads a chat's messages after a seq, as many as fit `maxBytes` and the member may read. Returns undefined if the user is not a
 * member.
 */
export async function readMessages(
  store: Store,
  user_id: number,
  { chat_id, after, limit, maxBytes }: MessageQuery,
): Promise<MessagePage | undefined> {
  const chat = await store.chats.find(chat_id, user_id);
  if (chat === undefined) return undefined;
  const stored_after = expiredUntil(chat, Date.now() / 1000);
  const { join_seq } = memberOf(chat, user_id);
  const page = { after: Math.max(after, join_seq), limit, stored_after, maxBytes };
  const found = await store.messagePages.read(chat_id, page);
  const { last_seq } = chat;
  // Ignore messages stored between the two reads: the next answer contains them.
  const messages = found.messages.filter(({ seq }) => seq <= last_seq).map(toChatMessage);
  return { last_seq, messages, ...(!found.has_more && { through: last_seq }) };
}

/** Lists a chat's messages after a seq, as many as fit in a frame. Returns undefined if the user is not a member. */
export async function listMessages(
  store: Store,
  user_id: number,
  resume: Resume,
): Promise<MessageListResponse | undefined> {
  const limit = Math.min(resume.limit, parameters.MAX_MESSAGES);
  const query = { ...resume, limit, maxBytes: MAX_FRAME_BYTES };
  const page = await readMessages(store, user_id, query);
  return page && answerResume(query, { ...page, maxFrameBytes: MAX_FRAME_BYTES });
}

/**
 * Lists a page of a chat's messages: the first after `after`, or the last before `before`. Returns undefined if the user is
 * not a member.
 */
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
  const chat = await store.chats.find(chat_id, user_id);
  if (chat === undefined) return undefined;
  const stored_after = expiredUntil(chat, Date.now() / 1000);
  const { join_seq } = memberOf(chat, user_id);
  const from = Math.max(after ?? 0, join_seq);
  const page = { before, after: from, limit, stored_after, maxBytes: MAX_FRAME_BYTES };
  const { messages, has_more } = await store.messagePages.read(chat_id, page);
  const fitting = messagesThatFit(messages.map(toChatMessage), { keep: "last" });
  return {
    chat_id,
    messages: fitting,
    has_more: has_more || fitting.length < messages.length,
  };
}
