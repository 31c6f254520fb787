import { type Context, Hono } from "hono";
import { cors } from "hono/cors";
import { secureHeaders } from "hono/secure-headers";
import { operationsAt } from "lacre-api";
import { DatabaseUnavailableError } from "./database/database-unavailable.js";
import { errorResponse, HttpError, internalError, rejectionOf } from "./errors.js";
import { wellFormedAddress } from "./http/addresses.js";
import { pathBelow } from "./http/base-path.js";
import { docsRoutes } from "./http/docs.js";
import { observed } from "./http/logging.js";
import { webPageRoutes } from "./http/web-page.js";
import { answer } from "./json.js";
import { authRoutes } from "./routes/auth.js";
import { chatRoutes } from "./routes/chats.js";
import { deviceRoutes } from "./routes/devices.js";
import { historyRoutes } from "./routes/history.js";
import { invitationRoutes } from "./routes/invitations.js";
import { operationRoutes } from "./routes/operation.js";
import { userRoutes } from "./routes/users.js";
import { webSocketRoutes } from "./routes/websocket.js";
import type { Services } from "./services.js";

/** Creates the HTTP application with all routes. The caller serves it. */
export function createApp(services: Services): Hono {
  const { config } = services;
  const app = new Hono({ getPath: pathBelow(config.basePath) });

  app.use(observed(services));
  app.use(
    secureHeaders({
      contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
      xFrameOptions: "DENY",
      overwrite: false,
    }),
  );
  app.use(
    cors({
      origin: [...config.corsOrigins],
      allowMethods: ["GET", "POST", "PATCH", "PUT", "DELETE"],
      allowHeaders: ["Authorization", "Content-Type", "Lacre-Request", "X-Request-Id"],
      exposeHeaders: [
        "X-Request-Id",
        "X-RateLimit-Limit",
        "X-RateLimit-Remaining",
        "X-RateLimit-Reset",
        "Retry-After",
      ],
      maxAge: 600,
    }),
  );
  app.use(wellFormedAddress);
  app.use(async (context, next) => {
    context.header("Cache-Control", "no-store");
    await next();
  });

  app.route("/auth", authRoutes(services));
  app.route("/users", userRoutes(services));
  app.route("/chats", chatRoutes(services));
  app.route("/devices", deviceRoutes(services));
  app.route("/invitations", invitationRoutes(services));
  app.route("/history", historyRoutes(services));
  app.route("/ws", webSocketRoutes(services));
  app.route("/docs", docsRoutes());
  app.route("/", operationRoutes(services));
  if (config.webRoot !== undefined) app.route("/", webPageRoutes(config.webRoot));

  // Relative links of the page require a slash at the end of its URL.
  if (config.basePath !== "") {
    app.get(config.basePath, (context) => context.redirect(`${config.basePath}/`));
  }

  app.notFound((context) => {
    const methods = operationsAt(context.req.path).flatMap(({ method }) =>
      method === "get" ? ["GET", "HEAD"] : [method.toUpperCase()],
    );
    if (methods.length === 0) {
      throw new HttpError(404, "ERR_NOT_FOUND", "not found: check the path");
    }
    context.header("Allow", methods.join(", "));
    throw new HttpError(
      405,
      "ERR_METHOD_NOT_ALLOWED",
      `use one of these methods: ${methods.join(", ")}`,
    );
  });
  app.onError((error, context) => answerError(error, context, services));
  return app;
}

function answerError(error: unknown, context: Context, { log, metrics }: Services): Response {
  const rejection = rejectionOf(error) ?? internalError;
  const request_id = context.get("request_id");
  if (rejection === internalError) log.error({ request_id, err: error }, "request failed");
  else if (rejection.status === 503)
    log.warn({ request_id, reason: rejection.message }, "temporarily unavailable");
  if (error instanceof DatabaseUnavailableError) metrics.databaseFailures.inc();
  const { retry_after } = rejection.details ?? {};
  if (retry_after !== undefined) context.header("Retry-After", String(retry_after));
  if (rejection.status === 401) context.header("WWW-Authenticate", "Bearer");
  return answer(context, errorResponse(rejection), rejection.status);
}
