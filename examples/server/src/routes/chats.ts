import { randomUUID } from "node:crypto";
import { Hono } from "hono";
import { ChatListResponse, type ChatSummary } from "lacre";
import type { ChatOfMember } from "../database/chats-of-member.js";
import { chatNotFound, Refusal } from "../errors.js";
import { type Authenticated, authenticated } from "../http/authenticated.js";
import { ConfigureChat, CreateChat } from "../http/bodies.js";
import { answerMessage } from "../http/frames.js";
import { page, readChatId, readInteger } from "../http/parameters.js";
import { usernameKey } from "../identity/usernames.js";
import { answer, readBody } from "../json.js";
import type { Services } from "../services.js";
import { addMessageRoutes } from "./messages.js";

const CHATS_PER_PAGE = 100;

export function chatRoutes(services: Services) {
  const { store } = services;
  const routes = new Hono<Authenticated>();
  routes.use(authenticated(services));

  routes.post("/", async (context) => {
    const { user_id } = context.get("session");
    const { peer_name, encryption_type, ...rest } = await readBody(context, CreateChat);
    const { auto_delete_hours = null, salt = null, iterations = null, key_check = null } = rest;
    const peer = await store.findUserByKey(usernameKey(peer_name));
    if (peer === undefined) {
      throw new Refusal(
        404,
        "ERR_USER_NOT_FOUND",
        "there is no user of this name: check its spelling",
      );
    }
    if (peer.id === user_id) {
      throw new Refusal(422, "ERR_CHAT_WITH_SELF", "a chat has two members: name somebody else");
    }
    const chat = await store.createChat({
      encryption_type,
      auto_delete_hours,
      salt,
      iterations,
      key_check,
      chat_uuid: randomUUID(),
      created_by: user_id,
      user1_id: Math.min(user_id, peer.id),
      user2_id: Math.max(user_id, peer.id),
      created_at: Date.now() / 1000,
    });
    if (chat === undefined) {
      throw new Refusal(
        409,
        "ERR_CHAT_EXISTS",
        "the two of you have a chat, whose parameters stand: find it with GET /chats",
      );
    }
    const created = { ...chat, peer_id: peer.id, peer_name: peer.username, unread: 0 };
    return answer(context, toSummary(created), 201);
  });

  routes.get("/", async (context) => {
    const session = context.get("session");
    const pageNumber = readInteger(context, page)!;
    const chats = await store.listChats(session.user_id, {
      limit: CHATS_PER_PAGE,
      offset: (pageNumber - 1) * CHATS_PER_PAGE,
    });
    const total = await store.countChats(session.user_id);
    const list = { chats: chats.map(toSummary), total, page: pageNumber };
    return answerMessage(context, session, ChatListResponse, list);
  });

  routes.get("/:chat_id", async (context) => {
    const chat = await store.findChatOfMember(readChatId(context), context.get("session").user_id);
    if (chat === undefined) throw chatNotFound();
    return answer(context, toSummary(chat));
  });

  routes.patch("/:chat_id/config", async (context) => {
    const { user_id } = context.get("session");
    const { salt, iterations, key_check, ...config } = await readBody(context, ConfigureChat);
    const chat = await store.transaction(async (inside) => {
      const before = await inside.findChat(readChatId(context), user_id);
      if (before === undefined) throw chatNotFound();
      if (salt !== undefined && iterations !== undefined && key_check !== undefined) {
        if (before.created_by !== user_id) {
          throw new Refusal(403, "ERR_FORBIDDEN", "only the chat's creator sets its parameters");
        }
        const set = await inside.setChatParameters(before.id, { salt, iterations, key_check });
        if (set === undefined) {
          throw new Refusal(
            409,
            "ERR_PARAMETERS_SET",
            "the chat has its parameters, which stand: stronger ones need a new chat",
          );
        }
      }
      if (Object.keys(config).length > 0) await inside.configureChat(before.id, config);
      return (await inside.findChatOfMember(before.id, user_id))!;
    });
    return answer(context, toSummary(chat));
  });

  addMessageRoutes(routes, services);
  return routes;
}

function toSummary(chat: ChatOfMember): ChatSummary {
  const { id, peer_id, peer_name, encryption_type, last_seq, unread } = chat;
  const { auto_delete_hours, salt, iterations, key_check } = chat;
  return {
    chat_id: id,
    peer_id,
    peer_name,
    encryption_type,
    last_seq,
    unread,
    ...(auto_delete_hours !== null && { auto_delete_hours }),
    ...(salt !== null && { salt }),
    ...(iterations !== null && { iterations }),
    ...(key_check !== null && { key_check }),
  };
}
