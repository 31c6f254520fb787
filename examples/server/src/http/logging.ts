import { randomUUID } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import type { ActiveSession } from "../identity/sessions.js";
import type { Services } from "../services.js";
import { clientAddress } from "./client-address.js";

/** An id that a proxy gave, if it is one that may stand in a log. */
const REQUEST_ID = /^[\w.-]{8,64}$/;

/** Logs and counts each request under an id of its own, which the answer names. */
export function observed({ log, metrics, config }: Services): MiddlewareHandler {
  return async (context, next) => {
    const start = performance.now();
    const given = context.req.header("x-request-id") ?? "";
    const request_id = REQUEST_ID.test(given) ? given : randomUUID();
    context.set("request_id", request_id);
    context.header("X-Request-Id", request_id);
    await next();
    const { method, path } = context.req;
    const status = statusOf(context);
    const seconds = (performance.now() - start) / 1000;
    const session = context.get("session") as ActiveSession | undefined;
    log.info(
      {
        request_id,
        method,
        // Without its query: a WebSocket's has a token in it.
        path,
        status,
        ms: Math.round(seconds * 1000),
        address: clientAddress(context, config.trustedProxies),
        user_id: session?.user_id,
      },
      "request",
    );
    metrics.requests.observe({ method, route: routePath(context, -1), status }, seconds);
  };
}

/** A response cannot say 101 itself. */
function statusOf({ env, res }: Context): number {
  return env.isUpgraded === true ? 101 : res.status;
}
