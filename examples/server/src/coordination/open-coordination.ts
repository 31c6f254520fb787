import type { Logger } from "pino";
import type { Coordination } from "./coordination.js";
import { InProcess } from "./in-process.js";
import { RedisCoordination } from "./redis.js";

/** Connects to the Redis at `url` to share state with other instances. Without a URL, this instance runs alone. */
export async function openCoordination(
  url: string | undefined,
  secret: string | Uint8Array,
  log: Logger,
): Promise<Coordination> {
  if (url === undefined) {
    log.info("REDIS_URL is not set: run one instance only");
    return new InProcess();
  }
  const coordination = new RedisCoordination(url, secret, log);
  await coordination.start();
  return coordination;
}
