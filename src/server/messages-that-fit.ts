import { listArgument, numberArgument, objectArgument } from "../arguments.js";
import { MAX_FRAME_BYTES, MAX_LISTED } from "../limits.js";
import { ChatMessage } from "../messages/chat.js";
import { MessageListResponse } from "../messages/lists.js";
import { written } from "../wire/encode.js";
import { encodeWire1 } from "../wire/wire1.js";
import { encodeWire2 } from "../wire/wire2.js";

/** The head of the array of messages has one byte if it is empty, and at most five bytes. Difference in bytes. */
const ARRAY_HEAD_GROWTH = 4;
/** The head of a wire 2 payload has two bytes if the payload is short, and at most five bytes. Difference in bytes. */
const PAYLOAD_HEAD_GROWTH = 3;

/** Maximum size of a frame of a list without its messages, in bytes. Computed at the first call. */
let overhead: number | undefined;

/**
 * Returns as many messages, in order, as fit a `message_list` in a frame of `maxFrameBytes` on either wire: at most 1,000, and
 * at least one unless `messages` is empty. `keep` selects the first ones, or the last ones for a page that is read backwards.
 *
 * ```ts
 * const messages = messagesThatFit(page, { keep: "last" });
 * const list = { messages, has_more: messages.length < page.length };
 * ```
 */
export function messagesThatFit(
  messages: readonly ChatMessage[],
  options: {
    readonly maxFrameBytes?: number | undefined;
    readonly keep?: "first" | "last";
  } = {},
): ChatMessage[] {
  const { maxFrameBytes = MAX_FRAME_BYTES, keep = "first" } = objectArgument(options, "options");
  numberArgument(maxFrameBytes, "options.maxFrameBytes", 0);
  const inOrder = listArgument(messages, "messages");
  if (keep === "last") inOrder.reverse();
  overhead ??= overheadOfList();
  let remaining = maxFrameBytes - overhead;
  let count = 0;
  for (const message of inOrder) {
    remaining -= bytesOf(objectArgument(message, "messages"));
    if ((remaining < 0 && count > 0) || count === MAX_LISTED) break;
    count += 1;
  }
  const fitting = inOrder.slice(0, count);
  return keep === "first" ? fitting : fitting.reverse();
}

function overheadOfList(): number {
  const [count, timestamp] = [Number.MAX_SAFE_INTEGER, 0];
  const bounds = { total: count, has_more: true, chat_id: count, after: count, through: count };
  const payload = { messages: [], ...bounds };
  const { type } = MessageListResponse;
  const one = encodeWire1({ type, payload, timestamp }).signedLength;
  const other = encodeWire2({ type, payload, timestamp, id: new Uint8Array(16) }).signedLength;
  return Math.max(one, other + PAYLOAD_HEAD_GROWTH) + ARRAY_HEAD_GROWTH;
}

/**
 * Returns the size of a message in a list on wire 1, in bytes. It is larger than on wire 2, because wire 1 encodes bytes as
 * base64.
 */
function bytesOf(message: ChatMessage): number {
  const fields = Object.keys(ChatMessage.schema.shape).map((name) => [
    name,
    Reflect.get(message, name),
  ]);
  const payload = { ...Object.fromEntries(fields), content: "" };
  const withoutContent = written((writer) => writer.payload(payload, "base64"));
  return (
    withoutContent.length -
    1 +
    bytesOfText(4 * Math.ceil(objectArgument(message.content, "messages.content").length / 3))
  );
}

function bytesOfText(length: number): number {
  const headBytes = length <= 31 ? 1 : length <= 0xff ? 2 : length <= 0xffff ? 3 : 5;
  return headBytes + length;
}
