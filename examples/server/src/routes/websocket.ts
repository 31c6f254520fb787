import { type Context, Hono } from "hono";
import { othersThan } from "../database/members.js";
import { chatNotFound } from "../errors.js";
import { identifier } from "../http/authenticated.js";
import { sessionLimit } from "../http/limits.js";
import { assertAllowedOrigin } from "../http/origins.js";
import { readChatId } from "../http/parameters.js";
import { upgradeWebSocket } from "../http/upgrades.js";
import type { ActiveSession } from "../identity/sessions.js";
import type { Services } from "../services.js";

/** WebSockets: `GET /ws` for all chats, `GET /ws/chat/{chat_id}` for one. */
export function webSocketRoutes(services: Services) {
  const { store, sessions, hub } = services;
  const routes = new Hono();
  const limit = sessionLimit(services);
  const identify = identifier(services);

  /** Authenticates a handshake by its ticket or token, and applies the rate limit. */
  async function authenticate(context: Context): Promise<ActiveSession> {
    assertAllowedOrigin(context, services);
    const { req } = context;
    const ticket = req.query("ticket");
    const token = req.query("token");
    const session = await identify(context, ticket ?? token, () =>
      ticket === undefined ? sessions.authenticate(token) : sessions.redeemTicket(ticket),
    );
    await limit(context, session);
    return session;
  }

  routes.get("/", async (context) => {
    const session = await authenticate(context);
    return upgradeWebSocket(context, (socket) => hub.open(session, socket));
  });

  routes.get("/chat/:chat_id", async (context) => {
    const session = await authenticate(context);
    const chatId = readChatId(context);
    const chat = await store.chats.find(chatId, session.user_id);
    if (chat === undefined) throw chatNotFound();
    const peerIds = othersThan(session.user_id, chat);
    return upgradeWebSocket(context, (socket) => hub.open(session, socket, { chatId, peerIds }));
  });

  return routes;
}
