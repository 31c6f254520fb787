import { randomUUID } from "node:crypto";
import { Hono } from "hono";
import { ChatListResponse, usernameKey } from "lacre";
import { ConfigureChat, CreateChat, parameters } from "lacre-api";
import { expiredUntil, storedBefore } from "../database/expiry.js";
import type { Chat } from "../database/members.js";
import { chatNotFound, HttpError, quotaExceeded } from "../errors.js";
import { type Authenticated, authenticated } from "../http/authenticated.js";
import { answerForm, answerMessage } from "../http/frames.js";
import { changeLimit } from "../http/limits.js";
import { readChatId, readInteger } from "../http/parameters.js";
import { answer, readBody } from "../json.js";
import { deletionRejection } from "../messages/senders.js";
import type { Services } from "../services.js";
import { toSummary } from "./chat-summary.js";
import { addClaimRoute } from "./claim-key-packages.js";
import { addContactRoute } from "./contact.js";
import { addMessageRoutes } from "./messages.js";
import { addRestartRoute } from "./restart-chat.js";

const CHATS_PER_PAGE = 100;

/** Maximum count of messages that a change of the setting would delete. */
const MAX_COUNTED = 10_000;

/** `/chats`: chats and their settings. */
export function chatRoutes(services: Services) {
  const { config, store, hub } = services;
  const routes = new Hono<Authenticated>();
  const limitChange = changeLimit(services);
  routes.use(authenticated(services));

  routes.post("/", async (context) => {
    const { user_id } = context.get("session");
    const { peer_name, encryption_type, ...rest } = await readBody(context, CreateChat);
    const { auto_delete_hours = null, salt = null, iterations = null, key_check = null } = rest;
    const peer = await store.users.findByKey(usernameKey(peer_name));
    if (peer === undefined) {
      throw new HttpError(404, "ERR_USER_NOT_FOUND", "no user has this name: check its spelling");
    }
    if (peer.id === user_id) {
      throw new HttpError(422, "ERR_CHAT_WITH_SELF", "a chat has two members: name another user");
    }
    const { maxOpenedChats } = config;
    const chat = await store.transaction(async (inside) => {
      const created = await inside.chats.create({
        encryption_type,
        auto_delete_hours,
        salt,
        iterations,
        key_check,
        chat_uuid: randomUUID(),
        created_by: user_id,
        peer_id: peer.id,
        created_at: Date.now() / 1000,
      });
      // Report an existing chat first, also to a user at the quota, so that the client can find the chat.
      if (created === undefined) return undefined;
      if ((await inside.chats.countOpened(user_id, maxOpenedChats + 1)) > maxOpenedChats) {
        throw quotaExceeded(
          `you created ${maxOpenedChats} chats, which is the limit: use those, or let other users create a chat with you`,
        );
      }
      return created;
    });
    if (chat === undefined) {
      throw new HttpError(
        409,
        "ERR_CHAT_EXISTS",
        "a chat with this user already exists: list it with GET /chats",
      );
    }
    hub.chatCreated(chat);
    const view = { user_id, peer_id: peer.id, peer_name: peer.username, unread: 0 };
    return answer(context, toSummary({ ...chat, ...view }), 201);
  });

  routes.get("/", async (context) => {
    const session = context.get("session");
    const form = answerForm(context);
    const pageNumber = readInteger(context, parameters.page)!;
    const chats = await store.chatsOfMember.list(session.user_id, {
      limit: CHATS_PER_PAGE,
      offset: (pageNumber - 1) * CHATS_PER_PAGE,
    });
    const total = await store.chatsOfMember.count(session.user_id);
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

  addContactRoute(routes, services);
  addRestartRoute(routes, services);
  addMessageRoutes(routes, services);
  addClaimRoute(routes, services);
  return routes;
}
