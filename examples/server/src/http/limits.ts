import type { Context, MiddlewareHandler } from "hono";
import type { Allowance, Limit } from "../coordination/coordination.js";
import { HttpError } from "../errors.js";
import type { ActiveSession } from "../identity/sessions.js";
import type { Services } from "../services.js";
import { clientAddress } from "./client-address.js";
import type { Metrics } from "./metrics.js";
import { networksOf } from "./networks.js";

/** Ratio of all requests to requests that cost more, such as changes of chats, so that most of the limit remains for others. */
const CHANGE_EVERY = 10;

/** Ratios of requests that write and read chunks of the history to all requests: a device does that for thousands of messages at once. */
const [CHUNK_WRITES, CHUNK_READS] = [5, 10];

/** Limit of all sessions of a user together, as a multiple of one session's limit. */
const SESSIONS_SHARE = 4;

type Limiter = (context: Context) => Promise<void>;
type SessionLimiter = (context: Context, session: ActiveSession) => Promise<void>;

/** Limits requests per client address. */
export function addressLimit(services: Services): MiddlewareHandler {
  const { authRequestsPerAddress: points, trustedProxies } = services.config;
  const hold = limiter(services, { name: "auth", points, window: 60 });
  return async (context, next) => {
    await hold(context, networksOf(clientAddress(context, trustedProxies))[0].name);
    await next();
  };
}

/**
 * Limits requests per session and per user, so that a stolen session cannot use up the limit of the user's other sessions.
 */
export function userLimit(services: Services): SessionLimiter {
  return forEach(services, { name: "user", points: services.config.requestsPerUser, window: 60 });
}

/** Limits requests that open connections per session only, so that other sessions cannot block a connection. */
export function sessionLimit(services: Services): SessionLimiter {
  const points = services.config.requestsPerUser;
  const hold = limiter(services, { name: "user", points, window: 60 });
  return (context, session) => hold(context, sessionKey(session));
}

/** Limits changes of chats, because each change makes both members' clients reload their chats. */
export function changeLimit(services: Services): SessionLimiter {
  return costlyLimit(services, "change");
}

/** Limits entries of device logs and acceptances: the server verifies each entry, and peers' clients reload the log. */
export function deviceLimit(services: Services): SessionLimiter {
  return costlyLimit(services, "devices");
}

/** Limits requests that publish key packages. */
export function publishLimit(services: Services): SessionLimiter {
  return costlyLimit(services, "publish");
}

/** Limits requests that claim key packages. */
export function claimLimit(services: Services): SessionLimiter {
  return costlyLimit(services, "claim");
}

/**
 * Limits requests that write or delete chunks of the history, separately from all others. A device writes hundreds of chunks when
 * the history is turned on, and sends messages meanwhile.
 */
export function chunkWriteLimit(services: Services): SessionLimiter {
  const points = services.config.requestsPerUser * CHUNK_WRITES;
  return forEach(services, { name: "history_write", points, window: 60 });
}

/** Limits requests that read chunks of the history, separately from all others. A device reads all of them to restore it. */
export function chunkReadLimit(services: Services): SessionLimiter {
  const points = services.config.requestsPerUser * CHUNK_READS;
  return forEach(services, { name: "history_read", points, window: 60 });
}

function costlyLimit(services: Services, name: string): SessionLimiter {
  const points = Math.ceil(services.config.requestsPerUser / CHANGE_EVERY);
  return forEach(services, { name, points, window: 60 });
}

/** Counts a request for the session, and then for all sessions of the user. */
function forEach(services: Services, limit: Limit): SessionLimiter {
  const { coordination, metrics } = services;
  const hold = limiter(services, limit);
  const ofAll = { ...limit, points: limit.points * SESSIONS_SHARE };
  return async (context, session) => {
    await hold(context, sessionKey(session));
    const allowance = await coordination.consume(ofAll, `all of ${session.user_id}`);
    if (!allowance.isAllowed) throw tooOften(ofAll, allowance, metrics);
  };
}

function sessionKey({ session_id }: ActiveSession): string {
  return Buffer.from(session_id).toString("hex");
}

/** Limits invalid tokens and tickets per client address. */
export function badTokenLimit(services: Services): Limiter {
  const { requestsPerUser: points, trustedProxies } = services.config;
  const hold = limiter(services, { name: "token", points, window: 60 });
  return (context) => hold(context, networksOf(clientAddress(context, trustedProxies))[0].name);
}

/**
 * Returns a function that counts a request and sets the X-RateLimit headers.
 *
 * @throws {HttpError} if the limit is exceeded.
 */
function limiter({ coordination, metrics }: Services, limit: Limit) {
  return async (context: Context, key: string): Promise<void> => {
    const allowance = await coordination.consume(limit, key);
    context.header("X-RateLimit-Limit", String(limit.points));
    context.header("X-RateLimit-Remaining", String(allowance.remaining));
    context.header("X-RateLimit-Reset", String(Math.ceil(Date.now() / 1000 + allowance.resetsIn)));
    if (!allowance.isAllowed) throw tooOften(limit, allowance, metrics);
  };
}

/** Builds the error for an exceeded limit. */
export function tooOften(
  { name, points, window }: Limit,
  { resetsIn }: Allowance,
  metrics: Metrics,
): HttpError {
  metrics.limited.inc({ limit: name });
  const retry_after = Math.max(1, Math.ceil(resetsIn));
  return new HttpError(
    429,
    "ERR_RATE_LIMITED",
    `rate limit of ${points} requests in ${window} s exceeded: try again in ${retry_after} s`,
    { retry_after },
  );
}
