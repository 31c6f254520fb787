import { type Context, Hono } from "hono";
import { chatNotFound, Refusal } from "../errors.js";
import { userLimit } from "../http/limits.js";
import { isAllowedOrigin } from "../http/origins.js";
import { readChatId } from "../http/parameters.js";
import { upgradeWebSocket } from "../http/upgrades.js";
import type { ActiveSession } from "../identity/sessions.js";
import type { Services } from "../services.js";

/** WebSockets: `GET /ws` for all chats, `GET /ws/chat/{chat_id}` for one. */
export function liveRoutes(services: Services) {
  const { config, store, sessions, live } = services;
  const routes = new Hono();
  const hold = userLimit(services);

  async function admit(context: Context): Promise<ActiveSession> {
    const { req } = context;
    if (!isAllowedOrigin(req.header("origin"), req.header("host"), config.corsOrigins)) {
      throw new Refusal(
        403,
        "ERR_ORIGIN",
        "pages of this origin may not connect: see CORS_ORIGINS",
      );
    }
    const ticket = req.query("ticket");
    const session = await (ticket === undefined
      ? sessions.authenticate(req.query("token"))
      : sessions.redeemTicket(ticket));
    context.set("session", session);
    await hold(context, session);
    return session;
  }

  routes.get("/", async (context) => {
    const session = await admit(context);
    return upgradeWebSocket(context, (socket) => live.open(session, socket));
  });

  routes.get("/chat/:chat_id", async (context) => {
    const session = await admit(context);
    const chatId = readChatId(context);
    const chat = await store.findChat(chatId, session.user_id);
    if (chat === undefined) throw chatNotFound();
    const peerId = chat.user1_id === session.user_id ? chat.user2_id : chat.user1_id;
    return upgradeWebSocket(context, (socket) => live.open(session, socket, { chatId, peerId }));
  });

  return routes;
}
