import type { Hono } from "hono";
import { RestartChat } from "lacre-api";
import { chatNotFound, HttpError } from "../errors.js";
import type { Authenticated } from "../http/authenticated.js";
import { changeLimit } from "../http/limits.js";
import { readChatId } from "../http/parameters.js";
import { answer, readBody } from "../json.js";
import type { Services } from "../services.js";
import { toSummary } from "./chat-summary.js";
import { assertPassphraseChat } from "./passphrase-chat.js";

/** `POST /chats/{chat_id}/restart`: restarts a chat whose creator mistyped the passphrase. */
export function addRestartRoute(routes: Hono<Authenticated>, services: Services): void {
  const { store, hub } = services;
  const limitChange = changeLimit(services);
  routes.post("/:chat_id/restart", async (context) => {
    const { user_id } = context.get("session");
    const { salt, iterations, key_check } = await readBody(context, RestartChat);
    await limitChange(context, context.get("session"));
    const chat = await store.transaction(async (inside) => {
      const before = await inside.chats.find(readChatId(context), user_id);
      if (before === undefined) throw chatNotFound();
      assertPassphraseChat(before);
      if (before.created_by !== user_id) {
        throw new HttpError(403, "ERR_FORBIDDEN", "only the creator of the chat may restart it");
      }
      const subject = { id: before.id, creator: user_id };
      if (!(await inside.chats.restart(subject, { salt, iterations, key_check }))) {
        throw new HttpError(
          409,
          "ERR_CHAT_IN_USE",
          "the other member has already written or read in this chat, so it cannot be restarted",
        );
      }
      return (await inside.chatsOfMember.find(before.id, user_id))!;
    });
    const changed = { event_type: "chat_changed", user_id, chat_id: chat.id } as const;
    hub.broadcastStatus(chat, { ...changed, timestamp: Date.now() / 1000 });
    return answer(context, toSummary(chat));
  });
}
