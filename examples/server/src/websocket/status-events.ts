import type { StatusEvent } from "lacre";
import { statusErrorCode } from "lacre/server";
import { isMutual } from "../database/contacts.js";
import { type ReceiptKind, watermarkOf } from "../database/message-queries.js";
import type { Chat } from "../database/schema.js";
import { HttpError, notAMember } from "../errors.js";
import type { Connection } from "./connection.js";
import type { FrameContext } from "./frame-context.js";

/** Stores a member's receipt or typing event and broadcasts it. */
export async function handleStatusEvent(
  event: StatusEvent,
  connection: Connection,
  context: FrameContext,
): Promise<void> {
  const { event_type, user_id, chat_id, seq } = event;
  const { userId } = connection;
  const chat = chat_id === undefined ? undefined : await context.store.chats.find(chat_id, userId);
  if (chat === undefined) throw notAMember();
  const errorCode = statusErrorCode(event, { user_id: userId, last_seq: chat.last_seq });
  if (errorCode === "ERR_FORBIDDEN") {
    throw new HttpError(403, errorCode, "user_id must be your own user id");
  }
  if (errorCode === "ERR_SEQ_AHEAD") {
    throw new HttpError(422, errorCode, `the chat's last message has seq ${chat.last_seq}`);
  }
  if (errorCode === "ERR_UNSUPPORTED") {
    throw new HttpError(422, errorCode, "clients may send only read, delivered and typing");
  }
  context.log.debug({ chat_id, user_id, event_type, seq }, "status");
  if (event_type === "typing") {
    if (isMutual(chat)) context.hub.broadcastTyping(chat, event);
    return;
  }
  await handleReceipt(event_type as ReceiptKind, event, chat, connection, context);
}

async function handleReceipt(
  kind: ReceiptKind,
  event: StatusEvent,
  chat: Chat,
  connection: Connection,
  context: FrameContext,
): Promise<void> {
  if (kind === "delivered" && !connection.has(kind)) {
    throw new HttpError(
      422,
      "ERR_VALIDATION",
      "to send delivered, include the capability delivered in hello",
    );
  }
  // A receipt without a seq covers the messages that this connection has sent.
  const { seq = connection.sentUpTo(chat.id) } = event;
  if (seq <= watermarkOf(chat, kind, event.user_id)) return;
  const watermark = { chat_id: chat.id, user_id: event.user_id, seq };
  const isRaised = await context.store.messages.raiseWatermark(kind, watermark);
  if (isRaised) context.hub.broadcastStatus(chat, { ...event, seq }, connection);
}
