import { randomUUID } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import type { Logger } from "pino";
import type { Metrics } from "./metrics.js";

/** An id that a proxy gave, if it is one that may stand in a log. */
const REQUEST_ID = /^[\w.-]{8,64}$/;

/** Logs and counts each request under an id of its own, which the answer names. */
export function observed(log: Logger, metrics: Metrics): MiddlewareHandler {
  return async (context, next) => {
    const start = performance.now();
    const given = context.req.header("x-request-id") ?? "";
    const request_id = REQUEST_ID.test(given) ? given : randomUUID();
    context.set("request_id", request_id);
    context.header("X-Request-Id", request_id);
    await next();
    const { method, path } = context.req;
    const { status } = context.res;
    const ms = Math.round(performance.now() - start);
    // The path without its query: a WebSocket's has the access token in it.
    log.info({ request_id, method, path, status, ms }, "request");
    const route = status === 404 ? "none" : routePath(context, -1);
    metrics.requests.observe({ method, route, status: String(status) }, ms / 1000);
  };
}
