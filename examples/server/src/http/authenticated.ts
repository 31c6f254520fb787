import type { MiddlewareHandler } from "hono";
import type { ActiveSession } from "../identity/sessions.js";
import type { Services } from "../services.js";
import { userLimit } from "./limits.js";

/** What a route knows of who asks. */
export interface Authenticated {
  Variables: { session: ActiveSession };
}

/** Lets in whoever bears a valid access token, as often as a user may. */
export function authenticated(services: Services): MiddlewareHandler<Authenticated> {
  const hold = userLimit(services);
  return async (context, next) => {
    const token = /^Bearer (.+)$/i.exec(context.req.header("authorization") ?? "")?.[1];
    const session = await services.sessions.authenticate(token);
    context.set("session", session);
    await hold(context, session);
    await next();
  };
}
