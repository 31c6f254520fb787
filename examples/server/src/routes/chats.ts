import { Hono } from "hono";
import { ChatListResponse } from "lacre";
import { ConfigureChat, parameters } from "lacre-api";
import { expiredUntil, storedBefore } from "../database/expiry.js";
import type { Chat } from "../database/members.js";
import { chatNotFound, HttpError } from "../errors.js";
import { type Authenticated, authenticated } from "../http/authenticated.js";
import { answerForm, answerMessage } from "../http/frames.js";
import { changeLimit } from "../http/limits.js";
import { readChatId, readInteger } from "../http/parameters.js";
import { answer, readBody } from "../json.js";
import { deletionRejection } from "../messages/senders.js";
import type { Services } from "../services.js";
import { toSummary } from "./chat-summary.js";
import { addClaimRoute } from "./claim-key-packages.js";
import { addCommitRoutes } from "./commits.js";
import { addContactRoute } from "./contact.js";
import { addCreateRoute } from "./create-chat.js";
import { addMessageRoutes } from "./messages.js";
import { assertPassphraseChat } from "./passphrase-chat.js";
import { addRestartRoute } from "./restart-chat.js";

const CHATS_PER_PAGE = 100;

/** Chats of a page with MLS chats. With 64 names of 50 characters in each chat, the page still fits a frame. */
const MLS_CHATS_PER_PAGE = 50;

/** Maximum count of messages that a change of the setting would delete. */
const MAX_COUNTED = 10_000;

/** `/chats`: chats and their settings. */
export function chatRoutes(services: Services) {
  const { store } = services;
  const routes = new Hono<Authenticated>();
  const limitChange = changeLimit(services);
  routes.use(authenticated(services));

  routes.get("/", async (context) => {
    const session = context.get("session");
    const form = answerForm(context);
    const pageNumber = readInteger(context, parameters.page)!;
    const includesMls = readInteger(context, parameters.includeMls) === 1;
    const limit = includesMls ? MLS_CHATS_PER_PAGE : CHATS_PER_PAGE;
    const chats = await store.chatsOfMember.list(session.user_id, {
      limit,
      offset: (pageNumber - 1) * limit,
      includesMls,
    });
    const total = await store.chatsOfMember.count(session.user_id, { includesMls });
    const list = { chats: chats.map(toSummary), total, page: pageNumber };
    return answerMessage(context, session, form, ChatListResponse, list);
  });

  routes.get("/:chat_id", async (context) => {
    const chat = await store.chatsOfMember.find(
      readChatId(context),
      context.get("session").user_id,
    );
    if (chat === undefined) throw chatNotFound();
    return answer(context, toSummary(chat));
  });

  routes.patch("/:chat_id/config", async (context) => {
    const { user_id } = context.get("session");
    const { salt, iterations, key_check, ...config } = await readBody(context, ConfigureChat);
    const { encryption_type, auto_delete_hours } = config;
    if (auto_delete_hours !== undefined) await limitChange(context, context.get("session"));
    const now = Date.now() / 1000;
    let changed: Chat | undefined;
    const chat = await store.transaction(async (inside) => {
      const before = await inside.chats.find(readChatId(context), user_id);
      if (before === undefined) throw chatNotFound();
      if (salt !== undefined || encryption_type !== undefined) assertPassphraseChat(before);
      const rejection =
        auto_delete_hours === undefined ? undefined : deletionRejection(before, user_id);
      if (rejection !== undefined) throw rejection;
      if (salt !== undefined && iterations !== undefined && key_check !== undefined) {
        if (before.created_by !== user_id) {
          throw new HttpError(
            403,
            "ERR_FORBIDDEN",
            "only the creator of the chat may set its key parameters",
          );
        }
        const keyParameters = { salt, iterations, key_check };
        if (!(await inside.chats.setParameters(before.id, keyParameters))) {
          throw new HttpError(
            409,
            "ERR_PARAMETERS_SET",
            "the chat already has key parameters: create a new chat to use other ones",
          );
        }
      }
      if (encryption_type !== undefined) {
        await inside.chats.setEncryptionType(before.id, encryption_type);
      }
      if (auto_delete_hours !== undefined) {
        const setting = { hours: auto_delete_hours, user_id, now };
        changed = await inside.chats.setAutoDelete(before.id, setting);
      }
      return (await inside.chatsOfMember.find(before.id, user_id))!;
    });
    if (changed !== undefined) {
      const event_type = "chat_changed" as const;
      services.hub.broadcastStatus(changed, {
        event_type,
        user_id,
        chat_id: changed.id,
        timestamp: now,
      });
    }
    return answer(context, toSummary(chat));
  });

  routes.get("/:chat_id/expiring", async (context) => {
    const hours = readInteger(context, parameters.autoDeleteHours) ?? null;
    const chat = await store.chats.find(readChatId(context), context.get("session").user_id);
    if (chat === undefined) throw chatNotFound();
    const now = Date.now() / 1000;
    const span = { after: expiredUntil(chat, now), until: storedBefore(hours, now) };
    const found = await store.messages.countStored(chat.id, { ...span, limit: MAX_COUNTED + 1 });
    const count = Math.min(found, MAX_COUNTED);
    return answer(context, { count, has_more: found > MAX_COUNTED });
  });

  addCreateRoute(routes, services);
  addCommitRoutes(routes, services);
  addContactRoute(routes, services);
  addRestartRoute(routes, services);
  addMessageRoutes(routes, services);
  addClaimRoute(routes, services);
  return routes;
}
