import { type Context, Hono } from "hono";
import { chatNotFound, Refusal } from "../errors.js";
import { isAllowedOrigin } from "../http/origins.js";
import { readChatId } from "../http/parameters.js";
import { upgradeWebSocket } from "../http/upgrades.js";
import type { ActiveSession } from "../identity/sessions.js";
import type { Services } from "../services.js";

/** WebSockets: `GET /ws` for all chats, `GET /ws/chat/{chat_id}` for one. */
export function liveRoutes({ config, store, sessions, live }: Services) {
  const routes = new Hono();

  async function admit({ req }: Context): Promise<ActiveSession> {
    if (!isAllowedOrigin(req.header("origin"), req.header("host"), config.corsOrigins)) {
      throw new Refusal(
        403,
        "ERR_ORIGIN",
        "pages of this origin may not connect: see CORS_ORIGINS",
      );
    }
    const ticket = req.query("ticket");
    return ticket === undefined
      ? sessions.authenticate(req.query("token"))
      : sessions.redeemTicket(ticket);
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
