import type { Hono } from "hono";
import { ChatMessage, MessageListResponse } from "lacre";
import { parameters, Stored } from "lacre-api";
import { chatNotFound, HttpError } from "../errors.js";
import type { Authenticated } from "../http/authenticated.js";
import { compressed } from "../http/compressed.js";
import { answerForm, answerMessage, assertRepeatable, readMessage } from "../http/frames.js";
import { readChatId, readInteger } from "../http/parameters.js";
import { acceptMessage } from "../messages/accept-message.js";
import { pageMessages } from "../messages/list-messages.js";
import type { Services } from "../services.js";

/** `GET` and `POST /chats/{chat_id}/messages`. */
export function addMessageRoutes(routes: Hono<Authenticated>, services: Services): void {
  routes.get("/:chat_id/messages", compressed, async (context) => {
    const session = context.get("session");
    const form = answerForm(context);
    const list = await pageMessages(services.store, session.user_id, {
      chat_id: readChatId(context),
      after: readInteger(context, parameters.afterSeq),
      before: readInteger(context, parameters.beforeSeq),
      limit: readInteger(context, parameters.messageLimit)!,
    });
    if (list === undefined) throw chatNotFound();
    return answerMessage(context, session, form, MessageListResponse, list);
  });

  routes.post("/:chat_id/messages", async (context) => {
    const session = context.get("session");
    const { value: message, frame } = await readMessage(context, session, ChatMessage);
    const form = answerForm(context, frame);
    assertRepeatable(message.client_id, frame);
    if (message.chat_id !== readChatId(context)) {
      throw new HttpError(422, "ERR_VALIDATION", "chat_id must equal the chat id of the path");
    }
    const accepted = await acceptMessage(message, session.user_id, services);
    if (accepted.isNew) services.hub.broadcastMessage(accepted);
    const { id: message_id, seq, stored_at } = accepted.stored;
    const { client_id, chat_id } = message;
    const ack = {
      chat_id,
      message_id,
      seq,
      stored_at,
      ...(client_id !== undefined && { client_id }),
    };
    return answerMessage(context, session, form, Stored, ack, accepted.isNew ? 201 : 200);
  });
}
