import { upgradeWebSocket } from "@hono/node-server";
import { Hono } from "hono";
import type { ActiveSession } from "../identity/sessions.js";
import type { Connection } from "../live/connection.js";
import type { Services } from "../services.js";

export function liveRoutes({ sessions, live, log }: Services) {
  const routes = new Hono<{ Variables: { session: ActiveSession } }>();

  routes.get(
    "/",
    async (context, next) => {
      context.set("session", await sessions.authenticate(context.req.query("token")));
      await next();
    },
    upgradeWebSocket((context) => {
      const session: ActiveSession = context.get("session");
      let connection: Connection | undefined;
      return {
        onOpen: (_, socket) => {
          connection = live.open(session, socket);
        },
        onMessage: ({ data }) => connection && live.receive(connection, data),
        onClose: ({ code }) => connection && live.closed(connection, code),
        onError: () => log.warn({ user_id: session.user_id }, "connection failed"),
      };
    }),
  );

  return routes;
}
