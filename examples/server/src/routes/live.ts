import { type Context, Hono } from "hono";
import { chatNotFound, Refusal } from "../errors.js";
import { isAllowedOrigin } from "../http/origins.js";
import { readChatId } from "../http/parameters.js";
import { upgradeWebSocket } from "../http/upgrades.js";
import type { ActiveSession } from "../identity/sessions.js";
import type { Services } from "../services.js";

/** WebSockets: `GET /ws` for all chats, `GET /ws/chat/{chat_id}` for one. */
export function liveRoutes({ config, store, sessions, live, log }: Services) {
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

  function accept(context: Context, session: ActiveSession, chatId?: number): Response {
    return upgradeWebSocket(context, (socket) => {
      const connection = live.open(session, socket, chatId);
      socket.on("message", (data, isBinary) =>
        live.receive(connection, isBinary ? data : String(data)),
      );
      socket.on("close", (code) => live.closed(connection, code));
      socket.on("error", () => log.warn({ user_id: session.user_id }, "connection failed"));
    });
  }

  routes.get("/", async (context) => accept(context, await admit(context)));

  routes.get("/chat/:chat_id", async (context) => {
    const session = await admit(context);
    const chatId = readChatId(context);
    if ((await store.findChat(chatId, session.user_id)) === undefined) throw chatNotFound();
    return accept(context, session, chatId);
  });

  return routes;
}
