import { MessageListResponse, type Resume, StatusEvent } from "lacre";
import { notAMember } from "../errors.js";
import { listMessages } from "../messages/list-messages.js";
import type { Connection } from "./connection.js";
import type { LiveContext } from "./frames.js";

/** Far less than a client may leave unread, so that one that reads slowly is not closed for what it asked for. */
const IN_PARTS = { maxFrameBytes: 256 * 1024 };

/** Gives a client what it missed of a chat, and at its end how far the other member has come. */
export async function handleResume(
  request: Resume,
  connection: Connection,
  context: LiveContext,
): Promise<void> {
  const list = await listMessages(context.store, connection.userId, request, IN_PARTS);
  if (list === undefined) throw notAMember();
  connection.send(MessageListResponse, list);
  connection.noteSent(request.chat_id, list.messages.at(-1)?.seq ?? 0);
  if (!list.has_more) await sendMarks(request.chat_id, connection, context);
}

/** A mark that came while this client was away was sent on to nobody, and the other does not make it again. */
async function sendMarks(
  chat_id: number,
  connection: Connection,
  { store }: LiveContext,
): Promise<void> {
  const chat = (await store.findChat(chat_id, connection.userId))!;
  const peerId = chat.user1_id === connection.userId ? chat.user2_id : chat.user1_id;
  for (const event_type of ["delivered", "read"] as const) {
    if (event_type === "delivered" && !connection.has(event_type)) continue;
    const seq = await store.lastMarked(event_type, chat_id, connection.userId);
    if (seq > 0) connection.send(StatusEvent, { event_type, user_id: peerId, chat_id, seq });
  }
}
