import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { cors } from "hono/cors";
import { secureHeaders } from "hono/secure-headers";
import { errorResponse, internalError, Refusal, refusalOf } from "./errors.js";
import { clientAddress } from "./http/client-address.js";
import { docsRoutes } from "./http/docs.js";
import { holdLimit } from "./http/limits.js";
import { observed } from "./http/logging.js";
import { operations } from "./http/operations.js";
import { answer } from "./json.js";
import { authRoutes } from "./routes/auth.js";
import { chatRoutes } from "./routes/chats.js";
import { liveRoutes } from "./routes/live.js";
import { operationRoutes } from "./routes/operation.js";
import { userRoutes } from "./routes/users.js";
import type { Services } from "./services.js";

/** The largest content as base64 text, and what a message has besides. */
const MAX_BODY_BYTES = 1024 * 1024;

/** The HTTP side of the server. It listens nowhere yet. */
export function createApp(services: Services): Hono {
  const { config, coordination, log, metrics } = services;
  const app = new Hono();

  app.use(observed(log, metrics));
  app.use(
    secureHeaders({
      contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
      xFrameOptions: "DENY",
      referrerPolicy: "no-referrer",
    }),
  );
  app.use(
    cors({
      origin: [...config.corsOrigins],
      allowHeaders: ["Authorization", "Content-Type"],
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
  app.use(
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: async (context) => {
        await discard(context.req.raw.body);
        throw new Refusal(413, "ERR_BODY_TOO_LARGE", `a body has at most ${MAX_BODY_BYTES} bytes`);
      },
    }),
  );
  const perAddress = { name: "auth", points: config.authRequestsPerAddress, window: 60 };
  app.use("/auth/*", async (context, next) => {
    const address = clientAddress(context, config.trustedProxies);
    await holdLimit(context, coordination, metrics, perAddress, address);
    await next();
  });

  app.route("/auth", authRoutes(services));
  app.route("/users", userRoutes(services));
  app.route("/chats", chatRoutes(services));
  app.route("/ws", liveRoutes(services));
  app.route("/docs", docsRoutes());
  app.route("/", operationRoutes(services));

  app.notFound((context) => {
    const methods = methodsOf(context.req.path);
    if (methods.length === 0) {
      throw new Refusal(404, "ERR_NOT_FOUND", "the server has nothing at this address");
    }
    context.header("Allow", methods.join(", "));
    throw new Refusal(405, "ERR_METHOD_NOT_ALLOWED", `this address takes ${methods.join(", ")}`);
  });
  app.onError((error, context) => {
    const refusal = refusalOf(error);
    if (refusal === undefined) log.error({ err: error }, "request failed");
    const { status, details } = refusal ?? internalError;
    if (details?.retry_after !== undefined) {
      context.header("Retry-After", String(details.retry_after));
    }
    return answer(context, errorResponse(refusal ?? internalError), status);
  });
  return app;
}

/** Reads on, within bounds: a client that is still sending would not see the answer. */
async function discard(body: ReadableStream<Uint8Array> | null): Promise<void> {
  let left = 8 * MAX_BODY_BYTES;
  for await (const chunk of body ?? []) {
    left -= chunk.length;
    if (left < 0) return;
  }
}

function methodsOf(path: string): string[] {
  return operations
    .filter((one) => new RegExp(`^${one.path.replace(/\{\w+\}/g, "[^/]+")}$`).test(path))
    .map(({ method }) => method.toUpperCase());
}
