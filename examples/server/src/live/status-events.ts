import type { StatusEvent } from "lacre";
import { markRefusal } from "lacre/session";
import type { Chat } from "../database/schema.js";
import type { MarkKind } from "../database/store.js";
import { notAMember, Refusal } from "../errors.js";
import type { Connection } from "./connection.js";
import type { LiveContext } from "./frames.js";

/** Stores what one member marks, and hands on what either does. */
export async function handleStatusEvent(
  event: StatusEvent,
  connection: Connection,
  context: LiveContext,
): Promise<void> {
  const { event_type, user_id, chat_id, seq } = event;
  const { userId } = connection;
  const chat = chat_id === undefined ? undefined : await context.store.findChat(chat_id, userId);
  if (chat === undefined) throw notAMember();
  const refusal = markRefusal(event, { user_id: userId, last_seq: chat.last_seq });
  if (refusal === "ERR_FORBIDDEN") {
    throw new Refusal(403, refusal, "user_id must be your own user id");
  }
  if (refusal === "ERR_SEQ_AHEAD") {
    throw new Refusal(422, refusal, `the chat's last message has seq ${chat.last_seq}`);
  }
  if (event_type === "user_online" || event_type === "user_offline") {
    throw new Refusal(422, "ERR_UNSUPPORTED", "this server takes read, delivered and typing");
  }
  context.log.debug({ chat_id, user_id, event_type, seq }, "status");
  if (event_type === "typing") return context.live.handOnStatus(chat, event, connection);
  await handleMark(event_type, event, chat, connection, context);
}

async function handleMark(
  kind: MarkKind,
  event: StatusEvent,
  chat: Chat,
  connection: Connection,
  context: LiveContext,
): Promise<void> {
  if (kind === "delivered" && !connection.has(kind)) {
    throw new Refusal(422, "ERR_VALIDATION", "delivered is for clients that announced it in hello");
  }
  // Only this connection knows what a mark without a seq is of.
  const { seq = connection.sentUpTo(chat.id) } = event;
  const mark = { chat_id: chat.id, user_id: event.user_id, seq };
  const isNews = await context.store.mark(kind, mark);
  if (isNews) context.live.handOnStatus(chat, { ...event, seq }, connection);
}
