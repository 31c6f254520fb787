import type { Context, MiddlewareHandler } from "hono";
import { HttpError } from "../errors.js";
import type { ActiveSession } from "../identity/sessions.js";
import type { Services } from "../services.js";
import { badTokenLimit, userLimit } from "./limits.js";

/** Context variables of an authenticated request. */
export interface Authenticated {
  Variables: { session: ActiveSession };
}

/** Requires a valid access token and applies a rate limit: by default the user's. */
export function authenticated(
  services: Services,
  hold = userLimit(services),
): MiddlewareHandler<Authenticated> {
  const identify = identified(services);
  return (context, next) =>
    identify(context, async () => {
      await hold(context, context.get("session"));
      await next();
    });
}

/** Requires a valid access token, without a rate limit, so that a user can always log out. */
export function identified(services: Services): MiddlewareHandler<Authenticated> {
  const identify = identifier(services);
  return async (context, next) => {
    const token = /^Bearer (.+)$/i.exec(context.req.header("authorization") ?? "")?.[1];
    await identify(context, token, () => services.sessions.authenticate(token));
    await next();
  };
}

/**
 * Returns a function that finds the session of a token or ticket, and counts invalid ones against a rate limit.
 *
 * @throws {HttpError} if the token or ticket is missing or invalid.
 */
export function identifier(services: Services) {
  const hold = badTokenLimit(services);
  return async (
    context: Context,
    given: string | undefined,
    find: () => Promise<ActiveSession>,
  ): Promise<ActiveSession> => {
    try {
      const session = await find();
      context.set("session", session);
      return session;
    } catch (error) {
      const isBad = error instanceof HttpError && error.status === 401 && given !== undefined;
      if (isBad) await hold(context);
      throw error;
    }
  };
}
