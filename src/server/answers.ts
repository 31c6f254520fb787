import { listArgument, numberArgument, objectArgument } from "../arguments.js";
import type { Channel } from "../connection/channel.js";
import type { ChatMessage } from "../messages/chat.js";
import type { Heartbeat } from "../messages/connection.js";
import type { MessageListResponse } from "../messages/lists.js";
import { messagesThatFit } from "./messages-that-fit.js";

/**
 * Returns the server's answer to a heartbeat: the heartbeat's time, and the numbers of frames that the channel sent and
 * received. The client computes from them how many frames were lost.
 *
 * ```ts
 * channel.encode(Heartbeat, answerHeartbeat(asked, channel), now);
 * ```
 */
export function answerHeartbeat(
  heartbeat: Heartbeat,
  channel: Pick<Channel, "sent" | "received">,
): Heartbeat {
  const { sent_at } = objectArgument(heartbeat, "heartbeat");
  const { sent, received } = objectArgument(channel, "channel");
  return { sent_at, sent, received };
}

/**
 * Returns the server's answer to a resume. Read the chat's `last_seq` and its messages after `after`, in order and at most
 * `limit`, in one transaction. `through` is the seq up to which `messages` is complete. By default it is the seq of the last
 * message, or `last_seq` if there is none; a store that stops its search before it finds a message must pass it. The answer
 * holds as many messages as fit a frame of `maxFrameBytes` (by default 1 MiB), and sets `has_more` if it does not reach
 * `last_seq`.
 *
 * ```ts
 * channel.encode(MessageListResponse, answerResume(resume, { last_seq, messages }), now);
 * ```
 */
export function answerResume(
  resume: { readonly chat_id: number; readonly after: number; readonly limit: number },
  found: {
    readonly last_seq: number;
    readonly messages: readonly ChatMessage[];
    readonly through?: number;
    readonly maxFrameBytes?: number;
  },
): MessageListResponse {
  const { chat_id, after, limit } = objectArgument(resume, "resume");
  const { last_seq, maxFrameBytes } = objectArgument(found, "found");
  numberArgument(last_seq, "found.last_seq", 0);
  const messages = listArgument(found.messages, "found.messages");
  const { through = messages.at(-1)?.seq ?? last_seq } = found;
  const fitting = messagesThatFit(messages.slice(0, numberArgument(limit, "resume.limit", 0)), {
    maxFrameBytes,
  });
  const isCut = fitting.length < messages.length;
  const reached = isCut ? (fitting.at(-1)?.seq ?? after) : through;
  return {
    chat_id,
    after,
    through: reached,
    messages: fitting,
    has_more: reached < last_seq,
  };
}
