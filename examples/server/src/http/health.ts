import { Refusal } from "../errors.js";
import type { Services } from "../services.js";

/** How long the database may take to say that it is there, in milliseconds. */
const PATIENCE = 2000;

const noDatabase = () =>
  new Refusal(503, "ERR_UNAVAILABLE", "the database does not answer", { retry_after: 5 });

/** Looks whether the server can do its work, once for all who ask at the same time. Throws a Refusal where it cannot. */
export function healthCheck({ config, store, coordination, log }: Services) {
  let looking: Promise<void> | undefined;
  return async () => {
    looking ??= within(PATIENCE, store.ping()).finally(() => {
      looking = undefined;
    });
    try {
      await looking;
    } catch (error) {
      log.warn({ err: error }, "the database does not answer");
      throw noDatabase();
    }
    const { isUp } = coordination;
    const redis = config.redisUrl === undefined ? "none" : isUp ? "ok" : "unavailable";
    return { status: isUp ? "ok" : "degraded", database: "ok", redis } as const;
  };
}

async function within<Value>(milliseconds: number, work: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
