import { MessageListResponse, type Resume, StatusEvent } from "lacre";
import { isMutual } from "../database/contacts.js";
import { watermarkOf } from "../database/message-queries.js";
import { notAMember } from "../errors.js";
import { listMessages } from "../messages/list-messages.js";
import type { Connection } from "./connection.js";
import { costOfAnswer } from "./frame-allowance.js";
import type { FrameContext } from "./frame-context.js";

/** Maximum size of one part, well below the limit of unread bytes: the answer alone must not close a slow connection. */
const PART_LIMIT = { maxFrameBytes: 256 * 1024 };

/** Sends the messages that a client missed, and after the last part the other member's receipts. */
export async function handleResume(
  request: Resume,
  connection: Connection,
  context: FrameContext,
): Promise<void> {
  const list = await listMessages(context.store, connection.userId, request, PART_LIMIT);
  if (list === undefined) throw notAMember();
  connection.allowance.take(costOfAnswer(list.messages));
  connection.send(MessageListResponse, list);
  connection.noteSent(request.chat_id, list.messages.at(-1)?.seq ?? 0);
  if (!list.has_more) await sendReceipts(request.chat_id, connection, context);
}

/** Sends the other member's receipts: the other client does not repeat those that arrived while this one was offline. */
async function sendReceipts(
  chat_id: number,
  connection: Connection,
  { store }: FrameContext,
): Promise<void> {
  const chat = (await store.chats.find(chat_id, connection.userId))!;
  if (!isMutual(chat)) return;
  const peerId = chat.user1_id === connection.userId ? chat.user2_id : chat.user1_id;
  for (const event_type of ["delivered", "read"] as const) {
    if (event_type === "delivered" && !connection.has(event_type)) continue;
    const seq = watermarkOf(chat, event_type, peerId);
    if (seq > 0) connection.send(StatusEvent, { event_type, user_id: peerId, chat_id, seq });
  }
}
