import { StatusEvent } from "lacre";
import { chatNotFound, Refusal } from "../errors.js";
import type { Connection } from "./connection.js";
import type { LiveContext } from "./live.js";

/** Hands what one member does on to the other. */
export async function handleStatusEvent(
  event: StatusEvent,
  connection: Connection,
  { store, live, log }: LiveContext,
): Promise<void> {
  const { event_type, user_id, chat_id, seq } = event;
  if (event_type !== "read" && event_type !== "typing") {
    throw new Refusal(
      422,
      "ERR_UNSUPPORTED",
      "this server takes the status events read and typing",
    );
  }
  if (user_id !== connection.userId) {
    throw new Refusal(422, "ERR_FOREIGN_SENDER", "user_id must be your own user id");
  }
  const chat = chat_id === undefined ? undefined : await store.findChat(chat_id, user_id);
  if (chat === undefined) throw chatNotFound();
  if (event_type === "read") {
    if (seq === undefined || seq > chat.last_seq) {
      throw new Refusal(
        422,
        "ERR_SEQ_OUT_OF_RANGE",
        `seq must say up to which message was read: at most ${chat.last_seq}`,
      );
    }
    await store.markRead(chat.id, user_id, seq);
  }
  log.debug({ chat_id, user_id, event_type, seq }, "status handed on");
  const peerId = chat.user1_id === user_id ? chat.user2_id : chat.user1_id;
  for (const peer of live.of(peerId)) peer.send(StatusEvent, event);
}
