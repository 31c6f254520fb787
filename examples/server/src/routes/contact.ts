import type { Hono } from "hono";
import { Contact } from "lacre-api";
import { isRequestTo } from "../database/contacts.js";
import { chatNotFound, HttpError } from "../errors.js";
import type { Authenticated } from "../http/authenticated.js";
import { changeLimit } from "../http/limits.js";
import { readChatId } from "../http/parameters.js";
import { answer, readBody } from "../json.js";
import type { Services } from "../services.js";
import { toSummary } from "./chat-summary.js";
import { assertPassphraseChat } from "./passphrase-chat.js";

/** `POST /chats/{chat_id}/contact`: accepts a chat, or blocks or unblocks the peer. */
export function addContactRoute(routes: Hono<Authenticated>, services: Services): void {
  const { store, hub } = services;
  const limitChange = changeLimit(services);
  routes.post("/:chat_id/contact", async (context) => {
    const { user_id } = context.get("session");
    const { action } = await readBody(context, Contact);
    await limitChange(context, context.get("session"));
    const now = Date.now() / 1000;
    const { isAccepting, chat } = await store.transaction(async (inside) => {
      const before = await inside.chats.find(readChatId(context), user_id);
      if (before === undefined) throw chatNotFound();
      assertPassphraseChat(before);
      if (action === "accept" && before.created_by === user_id) {
        throw new HttpError(
          403,
          "ERR_FORBIDDEN",
          "you created this chat: only the other member can accept it",
        );
      }
      await inside.chats.setContact(before.id, { user_id, action, now });
      const isAccepting = action === "accept" && isRequestTo(before, user_id);
      return { isAccepting, chat: (await inside.chatsOfMember.find(before.id, user_id))! };
    });
    hub.contactChanged(chat, user_id, isAccepting);
    return answer(context, toSummary(chat));
  });
}
