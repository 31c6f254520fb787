import type { Hono } from "hono";
import { Commit, MAX_COMMIT_BYTES, Stored } from "lacre-api";
import { isMls } from "../database/members.js";
import { chatNotFound, HttpError } from "../errors.js";
import type { Authenticated } from "../http/authenticated.js";
import { changeLimit } from "../http/limits.js";
import { readChatId } from "../http/parameters.js";
import { answer, readBody } from "../json.js";
import { mlsMessage } from "../messages/mls-message.js";
import { storeCommit } from "../messages/store-commit.js";
import type { Services } from "../services.js";

/** Maximum bytes of a body with a commit: its three parts in base64, and the rest. */
const MAX_BODY_BYTES = Math.ceil((MAX_COMMIT_BYTES * 4) / 3) + 64 * 1024;

/** `POST /chats/{chat_id}/commits` and `GET /chats/{chat_id}/group-info`. */
export function addCommitRoutes(routes: Hono<Authenticated>, services: Services): void {
  const { store, hub, metrics } = services;
  const limitChange = changeLimit(services);

  routes.post("/:chat_id/commits", async (context) => {
    const session = context.get("session");
    const {
      add = [],
      remove = [],
      message: sent,
      ...rest
    } = await readBody(context, Commit, MAX_BODY_BYTES);
    await limitChange(context, session);
    const message = mlsMessage(sent);
    if (message.chat_id !== readChatId(context) || message.content_type !== "commit") {
      throw new HttpError(
        422,
        "ERR_VALIDATION",
        "message must be a commit of the chat of the path",
      );
    }
    if (message.sender_id !== session.user_id) {
      throw new HttpError(403, "ERR_FORBIDDEN", "sender_id must be your own user id");
    }
    const commit = { message, add: [...new Set(add)], remove: [...new Set(remove)], ...rest };
    const { stored, isNew, chat, recipients } = await storeCommit(store, commit);
    const { id: message_id, seq, stored_at } = stored;
    if (isNew) {
      metrics.stored.inc();
      hub.broadcastCommit(chat, { ...message, message_id, seq, stored_at }, recipients);
    }
    const ack = { chat_id: chat.id, message_id, seq, stored_at, client_id: message.client_id };
    return answer(context, Stored.parse(ack), isNew ? 201 : 200);
  });

  routes.get("/:chat_id/group-info", async (context) => {
    const { user_id } = context.get("session");
    const chat = await store.chats.find(readChatId(context), user_id);
    const found = chat && isMls(chat) ? await store.commits.findGroupInfo(chat.id) : undefined;
    if (found === undefined) throw chatNotFound();
    return answer(context, found);
  });
}
