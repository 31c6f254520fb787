import type { MiddlewareHandler } from "hono";
import type { ActiveSession } from "../identity/sessions.js";
import type { Services } from "../services.js";
import { holdLimit } from "./limits.js";

/** What a route knows of who asks. */
export interface Authenticated {
  Variables: { session: ActiveSession };
}

/** Lets in whoever bears a valid access token, as often as a user may. */
export function authenticated({
  sessions,
  coordination,
  metrics,
  config,
}: Services): MiddlewareHandler<Authenticated> {
  const limit = { name: "user", points: config.requestsPerUser, window: 60 };
  return async (context, next) => {
    const token = /^Bearer (.+)$/i.exec(context.req.header("authorization") ?? "")?.[1];
    const session = await sessions.authenticate(token);
    context.set("session", session);
    await holdLimit(context, coordination, metrics, limit, String(session.user_id));
    await next();
  };
}
