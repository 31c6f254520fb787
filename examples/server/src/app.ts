import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { errorResponse, internalError, Refusal, refusalOf } from "./errors.js";
import { answer } from "./json.js";
import { authRoutes } from "./routes/auth.js";
import { chatRoutes } from "./routes/chats.js";
import { liveRoutes } from "./routes/live.js";
import type { Services } from "./services.js";

const MAX_BODY_BYTES = 64 * 1024;

/** The HTTP side of the server. It listens nowhere yet. */
export function createApp(services: Services): Hono {
  const { log } = services;
  const app = new Hono();

  app.use(async (context, next) => {
    const start = performance.now();
    await next();
    const { method, path } = context.req;
    // The path without its query: a WebSocket's has the access token in it.
    const ms = Math.round(performance.now() - start);
    log.info({ method, path, status: context.res.status, ms }, "request");
  });
  app.use(
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: () => {
        throw new Refusal(413, "ERR_BODY_TOO_LARGE", `a body has at most ${MAX_BODY_BYTES} bytes`);
      },
    }),
  );

  app.get("/health", (context) => answer(context, { status: "ok" }));
  app.route("/auth", authRoutes(services));
  app.route("/chats", chatRoutes(services));
  app.route("/ws", liveRoutes(services));

  app.notFound((context) => {
    const refusal = new Refusal(404, "ERR_NOT_FOUND", "the server has nothing at this address");
    return answer(context, errorResponse(refusal), refusal.status);
  });
  app.onError((error, context) => {
    const refusal = refusalOf(error);
    if (refusal === undefined) log.error({ err: error }, "request failed");
    const { status } = refusal ?? internalError;
    return answer(context, errorResponse(refusal ?? internalError), status);
  });
  return app;
}
