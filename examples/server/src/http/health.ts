import { DatabaseUnavailableError } from "../database/database-unavailable.js";
import { HttpError } from "../errors.js";
import type { Services } from "../services.js";

/** Milliseconds that the database may take to write. */
const WRITE_TIMEOUT_MS = 2000;

/** Milliseconds for which a result is cached, so that frequent checks cost little. */
const CACHE_MS = 1000;

/** Milliseconds for which another process, such as a backup, may lock SQLite before the check fails. */
const MAX_LOCK_MS = 15_000;

const noDatabase = () =>
  new HttpError(503, "ERR_UNAVAILABLE", "the database accepts no writes", { retry_after: 5 });

/**
 * Returns a function that checks whether the database accepts writes.
 *
 * @throws {HttpError} if it does not.
 */
export function healthCheck({ config, store, coordination, log }: Services) {
  let writing: Promise<void> | undefined;
  let result: Promise<"ok" | "locked"> | undefined;
  let writtenAt = performance.now();
  const isLocked = (error: unknown) =>
    config.database.dialect === "sqlite" &&
    (error instanceof LateError || isBusy(error)) &&
    performance.now() - writtenAt < MAX_LOCK_MS;
  const check = async () => {
    // Wait for a pending write again, because a second one would queue behind it.
    writing ??= store.serverKeys.noteHealth(Date.now() / 1000).finally(() => {
      writing = undefined;
    });
    try {
      await within(WRITE_TIMEOUT_MS, writing);
      writtenAt = performance.now();
      return "ok";
    } catch (error) {
      if (isLocked(error)) return "locked";
      log.warn({ err: error }, "the database accepts no writes");
      throw noDatabase();
    } finally {
      setTimeout(() => {
        result = undefined;
      }, CACHE_MS).unref();
    }
  };
  return async () => {
    result ??= check();
    const database = await result;
    const { isUp } = coordination;
    const redis = config.redisUrl === undefined ? "none" : isUp ? "ok" : "unavailable";
    const status = isUp && database === "ok" ? "ok" : "degraded";
    return { status, database, redis } as const;
  };
}

class LateError extends Error {}

/** Whether SQLite failed because another process holds the lock. */
function isBusy(error: unknown): boolean {
  const cause = error instanceof DatabaseUnavailableError ? error.cause : undefined;
  return cause instanceof Error && /^SQLITE_(BUSY|LOCKED)/.test(String(Reflect.get(cause, "code")));
}

async function within<Value>(milliseconds: number, work: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const timedOut = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new LateError(`no answer in ${milliseconds} ms`)),
      milliseconds,
    );
  });
  try {
    return await Promise.race([work, timedOut]);
  } finally {
    clearTimeout(timer);
  }
}
