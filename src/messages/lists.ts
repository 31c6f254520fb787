import * as z from "zod/mini";
import {
  KEY_CHECK_BYTES,
  MAX_ITERATIONS,
  MAX_SALT_BYTES,
  MIN_ITERATIONS,
  MIN_SALT_BYTES,
} from "../limits.js";
import { ChatMessage } from "./chat.js";
import { defineMessage } from "./define-message.js";
import { bytes, count, id, integer, text } from "./fields.js";

/** One chat of a list: who the other is, and what a member needs to derive the chat's key. */
export const ChatSummary = /* @__PURE__ */ z.object({
  chat_id: id(),
  peer_id: id(),
  peer_name: text(1, 50),
  encryption_type: text(1, 50),
  auto_delete_hours: z.optional(id()),
  salt: z.optional(bytes({ min: MIN_SALT_BYTES, max: MAX_SALT_BYTES })),
  iterations: z.optional(integer(MIN_ITERATIONS, MAX_ITERATIONS)),
  key_check: z.optional(bytes({ length: KEY_CHECK_BYTES })),
  last_seq: count(),
  unread: count(),
});
/** What a parsed ChatSummary holds. */
export type ChatSummary = z.output<typeof ChatSummary>;

/** A page of a user's chats (type `chat_list`). */
export const ChatListResponse = /* @__PURE__ */ defineMessage(
  "chat_list",
  /* @__PURE__ */ z.object({
    chats: z.array(ChatSummary),
    total: count(),
    page: id(),
  }),
);
/** What a parsed ChatListResponse holds. */
export type ChatListResponse = z.output<typeof ChatListResponse.schema>;

/** Messages of a chat (type `message_list`); as an answer to `resume` it covers the seqs in (after, through]. */
export const MessageListResponse = /* @__PURE__ */ defineMessage(
  "message_list",
  /* @__PURE__ */ z.object({
    messages: z.array(ChatMessage.schema),
    total: z.optional(count()),
    has_more: z.boolean(),
    chat_id: z.optional(id()),
    after: z.optional(count()),
    through: z.optional(count()),
  }),
);
/** What a parsed MessageListResponse holds. */
export type MessageListResponse = z.output<typeof MessageListResponse.schema>;
