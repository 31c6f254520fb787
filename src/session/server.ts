import { sha256 } from "@noble/hashes/sha2.js";
import { concat, equalConstantTime } from "../bytes.js";
import { ValidationError } from "../errors.js";
import { MAX_FRAME_BYTES } from "../limits.js";
import type { ChatMessage, StatusEvent } from "../messages/chat.js";
import { chatMessageAad } from "../messages/chat-message-aad.js";
import type { MessageListResponse } from "../messages/lists.js";

/**
 * What a server keeps of a message to know it again, also after its content is deleted: SHA-256 of aad ‖ nonce ‖
 * content (section 11 of docs/PROTOCOL.md), 32 bytes, the same on both wires. Throws ValidationError for a header that no client makes.
 *
 * ```ts
 * const isRepetition = Buffer.compare(stored.digest, bodyDigest(message)) === 0;
 * ```
 */
export function bodyDigest(message: ChatMessage): Uint8Array {
  const aad = chatMessageAad(message);
  if (aad === undefined) {
    throw new ValidationError("message", [{ path: [], message: "no client makes such a header" }]);
  }
  return sha256(concat(aad, message.nonce, message.content));
}

/** Whether two messages are one, sent twice. */
export function isSameBody(a: ChatMessage, b: ChatMessage): boolean {
  return equalConstantTime(bodyDigest(a), bodyDigest(b));
}

/** Why a server refuses a mark: of another user (`ERR_FORBIDDEN`), or past the chat's last seq (`ERR_SEQ_AHEAD`); undefined if it does not. */
export function markRefusal(
  status: StatusEvent,
  { user_id, last_seq }: { readonly user_id: number; readonly last_seq: number },
): "ERR_FORBIDDEN" | "ERR_SEQ_AHEAD" | undefined {
  if (status.user_id !== user_id) return "ERR_FORBIDDEN";
  return (status.seq ?? 0) > last_seq ? "ERR_SEQ_AHEAD" : undefined;
}

/** Room for a list's envelope and for what a message has besides its content, in bytes. */
const LIST_OVERHEAD = 4096;
const MESSAGE_OVERHEAD = 512;

/**
 * The first messages, one at least, that a list within a frame of `maxFrameBytes` has room for.
 *
 * ```ts
 * const messages = fittingInFrame(page);
 * const list = { messages, has_more: messages.length < page.length };
 * ```
 */
export function fittingInFrame(
  messages: readonly ChatMessage[],
  maxFrameBytes = MAX_FRAME_BYTES,
): ChatMessage[] {
  let room = maxFrameBytes - LIST_OVERHEAD;
  const fitting: ChatMessage[] = [];
  for (const message of messages) {
    room -= Math.ceil(message.content.length / 3) * 4 + MESSAGE_OVERHEAD;
    if (room < 0 && fitting.length > 0) break;
    fitting.push(message);
  }
  return fitting;
}

/**
 * A server's answer to a resume, from the chat's `last_seq` and its messages after `after`, in order, at most `limit` of
 * them, both read in one transaction. It stops before a frame of `maxFrameBytes` is full, and says `has_more` then.
 *
 * ```ts
 * channel.encode(MessageListResponse, answerResume(resume, { last_seq, messages }), now);
 * ```
 */
export function answerResume(
  {
    chat_id,
    after,
    limit,
  }: { readonly chat_id: number; readonly after: number; readonly limit: number },
  {
    last_seq,
    messages,
    maxFrameBytes,
  }: {
    readonly last_seq: number;
    readonly messages: readonly ChatMessage[];
    readonly maxFrameBytes?: number;
  },
): MessageListResponse {
  const fitting = fittingInFrame(messages.slice(0, limit), maxFrameBytes);
  const lastFitting = fitting.at(-1)?.seq ?? after;
  const has_more =
    fitting.length < messages.length || (fitting.length === limit && lastFitting < last_seq);
  return {
    chat_id,
    after,
    through: has_more ? lastFitting : last_seq,
    messages: fitting,
    has_more,
  };
}
