import * as z from "zod/mini";
import {
  KEY_CHECK_BYTES,
  MAX_ITERATIONS,
  MAX_LISTED,
  MAX_MEMBERS,
  MAX_SALT_BYTES,
  MIN_ITERATIONS,
  MIN_SALT_BYTES,
} from "../limits.js";
import { ChatMessage } from "./chat.js";
import { protocolMessage } from "./define-message.js";
import { bytes, count, id, integer, list, text, unixTime } from "./fields.js";

/**
 * A chat in a list, as one member sees it (docs/PROTOCOL.md, section 7): the other member, and the parameters of the chat's
 * key. Times are Unix time in seconds, by the server's clock.
 *
 * - `expired_until`: messages with a `stored_at` up to this time are deleted, also after a change of `auto_delete_hours`.
 * - `auto_delete_change`: the member who last changed `auto_delete_hours`, when, and the chat's last seq at that time.
 * - `request`: present until the invited member accepts the chat; `incoming` for that member, `outgoing` for the other.
 * - `is_blocked`: this member has blocked the other.
 * - `suite`, `epoch`, `members`: present in MLS chats only. `suite` is the cipher suite, `epoch` that of the last commit, `members` all
 *   members and the users that the creator invited, at most 64. `peer_id` and `peer_name` are then one of them.
 */
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
  expired_until: z.optional(unixTime()),
  auto_delete_change: z.optional(
    z.object({ user_id: id(), changed_at: unixTime(), after: count() }),
  ),
  request: z.optional(z.enum(["incoming", "outgoing"])),
  is_blocked: z.optional(z.boolean()),
  suite: z.optional(integer(1, 65_535)),
  epoch: z.optional(count()),
  members: z.optional(
    list(
      z.object({
        user_id: id(),
        username: text(1, 50),
        role: z.enum(["admin", "member", "invited"]),
      }),
      MAX_MEMBERS,
    ),
  ),
});
/** A parsed ChatSummary. */
export type ChatSummary = z.output<typeof ChatSummary>;

/** A page of a user's chats (type `chat_list`). */
export const ChatListResponse = /* @__PURE__ */ protocolMessage(
  "chat_list",
  /* @__PURE__ */ z.object({
    chats: list(ChatSummary, MAX_LISTED),
    total: count(),
    page: id(),
  }),
);
/** A parsed ChatListResponse. */
export type ChatListResponse = z.output<typeof ChatListResponse.schema>;

/**
 * Messages of a chat (type `message_list`), each with a `timestamp`. In an answer to Resume, the list is complete for the
 * seqs greater than `after` and up to `through`.
 */
export const MessageListResponse = /* @__PURE__ */ protocolMessage(
  "message_list",
  /* @__PURE__ */ z.object({
    messages: list(z.object({ ...ChatMessage.schema.shape, timestamp: unixTime() }), MAX_LISTED),
    total: z.optional(count()),
    has_more: z.boolean(),
    chat_id: z.optional(id()),
    after: z.optional(count()),
    through: z.optional(count()),
  }),
);
/** A parsed MessageListResponse. */
export type MessageListResponse = z.output<typeof MessageListResponse.schema>;
