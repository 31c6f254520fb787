import type { Context } from "hono";
import type { Coordination, Limit } from "../coordination/coordination.js";
import { Refusal } from "../errors.js";
import type { Metrics } from "./metrics.js";

/** Counts a request against a limit and says in headers where its maker stands. Throws a Refusal past the limit. */
export async function holdLimit(
  context: Context,
  coordination: Coordination,
  metrics: Metrics,
  limit: Limit,
  key: string,
): Promise<void> {
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
}
