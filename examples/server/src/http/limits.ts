import { isIPv6 } from "node:net";
import type { Context, MiddlewareHandler } from "hono";
import type { Limit } from "../coordination/coordination.js";
import { Refusal } from "../errors.js";
import type { ActiveSession } from "../identity/sessions.js";
import type { Services } from "../services.js";
import { clientAddress } from "./client-address.js";

type Limiter = (context: Context, key: string) => Promise<void>;

/** Limits what comes from one address. */
export function addressLimit(services: Services): MiddlewareHandler {
  const { authRequestsPerAddress: points, trustedProxies } = services.config;
  const hold = limiter(services, { name: "auth", points, window: 60 });
  return async (context, next) => {
    await hold(context, networkOf(clientAddress(context, trustedProxies)));
    await next();
  };
}

/** Limits what one user asks for. */
export function userLimit(services: Services) {
  const hold = limiter(services, {
    name: "user",
    points: services.config.requestsPerUser,
    window: 60,
  });
  return (context: Context, { user_id }: ActiveSession) => hold(context, String(user_id));
}

/** Counts a request and says in headers where its maker stands. Throws a Refusal past the limit. */
function limiter({ coordination, metrics }: Services, limit: Limit): Limiter {
  return async (context, key) => {
    const { isAllowed, remaining, resetsAt } = await coordination.consume(limit, key);
    context.header("X-RateLimit-Limit", String(limit.points));
    context.header("X-RateLimit-Remaining", String(remaining));
    context.header("X-RateLimit-Reset", String(Math.ceil(resetsAt)));
    if (isAllowed) return;
    metrics.limited.inc({ limit: limit.name });
    const retry_after = Math.max(1, Math.ceil(resetsAt - Date.now() / 1000));
    throw new Refusal(
      429,
      "ERR_RATE_LIMITED",
      `${limit.points} requests in ${limit.window} s are the limit: try again in ${retry_after} s`,
      { retry_after },
    );
  };
}

/** Whoever has one address of IPv6 has the 2^64 that begin alike. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = "", tail] = address.replace(/%.*/, "").split("::");
  const groups = head === "" ? [] : head.split(":");
  const omitted =
    tail === undefined ? 0 : 8 - groups.length - (tail === "" ? 0 : tail.split(":").length);
  const all = [...groups, ...Array<string>(omitted).fill("0"), ...(tail?.split(":") ?? [])];
  return all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":");
}
