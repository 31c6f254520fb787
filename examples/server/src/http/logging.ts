import { randomUUID } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import type { ActiveSession } from "../identity/sessions.js";
import type { Services } from "../services.js";
import { clientAddress } from "./client-address.js";

/** Request ids from a proxy that are safe to log. */
const REQUEST_ID = /^[\w.-]{8,64}$/;

/** Logs and measures each request, with an id that the answer repeats in X-Request-Id. */
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
        // Omit the query: the query of a WebSocket request contains a token.
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

/** Returns the status, and 101 for an upgrade, which `Response` cannot represent. */
function statusOf({ env, res }: Context): number {
  return env.isUpgraded === true ? 101 : res.status;
}
