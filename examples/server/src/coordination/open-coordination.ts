import type { Logger } from "pino";
import type { Coordination } from "./coordination.js";
import { InProcess } from "./in-process.js";
import { RedisCoordination } from "./redis.js";

/** What this instance shares with others, through the Redis at `url`; without one it is alone. */
export async function openCoordination(
  url: string | undefined,
  secret: string | Uint8Array,
  log: Logger,
): Promise<Coordination> {
  if (url === undefined) {
    log.info("without REDIS_URL this instance shares nothing: run one only");
    return new InProcess();
  }
  const coordination = new RedisCoordination(url, secret, log);
  await coordination.start();
  return coordination;
}
