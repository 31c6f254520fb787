import { randomUUID } from "node:crypto";
import { type Context, Hono } from "hono";
import { type ChatListResponse, ChatSummary, defineMessage } from "lacre";
import * as z from "zod/mini";
import type { ChatOfMember } from "../database/chats-of-member.js";
import { chatNotFound, Refusal } from "../errors.js";
import type { ActiveSession } from "../identity/sessions.js";
import { answer, readBody } from "../json.js";
import { listMessages, MAX_MESSAGES } from "../messages/list-messages.js";
import type { Services } from "../services.js";
import { usernameKey } from "../username-key.js";

const CHATS_PER_PAGE = 100;

const CreateChat = defineMessage(
  "create_chat",
  z.required(
    z.pick(ChatSummary, {
      peer_name: true,
      encryption_type: true,
      salt: true,
      iterations: true,
      key_check: true,
    }),
  ),
);

export function chatRoutes({ store, sessions }: Services) {
  const routes = new Hono<{ Variables: { session: ActiveSession } }>();

  routes.use(async (context, next) => {
    const token = /^Bearer (.+)$/i.exec(context.req.header("authorization") ?? "")?.[1];
    context.set("session", await sessions.authenticate(token));
    await next();
  });

  routes.post("/", async (context) => {
    const { user_id } = context.get("session");
    const { peer_name, ...parameters } = await readBody(context, CreateChat);
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
      ...parameters,
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
    const { user_id } = context.get("session");
    const page = readCount(context, "page", 1, { least: 1 });
    const chats = await store.listChats(user_id, {
      limit: CHATS_PER_PAGE,
      offset: (page - 1) * CHATS_PER_PAGE,
    });
    const total = await store.countChats(user_id);
    return answer(context, { chats: chats.map(toSummary), total, page } satisfies ChatListResponse);
  });

  routes.get("/:chat_id/messages", async (context) => {
    const { user_id } = context.get("session");
    const list = await listMessages(store, user_id, {
      chat_id: Number(context.req.param("chat_id")),
      after: readCount(context, "after", 0),
      limit: readCount(context, "limit", MAX_MESSAGES, { least: 1, most: MAX_MESSAGES }),
    });
    if (list === undefined) throw chatNotFound();
    return answer(context, list);
  });

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

function readCount(
  context: Context,
  name: string,
  otherwise: number,
  { least = 0, most = Number.MAX_SAFE_INTEGER } = {},
): number {
  const text = context.req.query(name);
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most) {
    throw new Refusal(422, "ERR_VALIDATION", `${name} must be an integer from ${least} to ${most}`);
  }
  return value;
}
