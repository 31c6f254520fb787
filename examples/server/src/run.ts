import { NotUtf8Error } from "lacre-api/decode-text";
import type { Logger } from "pino";
import { type Config, loadConfig } from "./config.js";
import { ConfigError } from "./config-error.js";
import { DatabaseUnavailableError } from "./database/database-unavailable.js";
import { createLog } from "./log.js";
import { type RunningServer, startServer } from "./server.js";

/** Milliseconds after which a server that does not close is ended. */
const CLOSE_TIMEOUT_MS = 12_000;

/** Ctrl-C reaches the server twice if npm runs it: from the terminal and from npm. In milliseconds. */
const SAME_SIGNAL = 1000;

/** Of files that cannot be opened, and of PostgreSQL: no such user, a wrong password, no such database. */
const NO_DATABASE = new Set([
  ...["ENOENT", "EACCES", "SQLITE_CANTOPEN", "ECONNREFUSED", "ENOTFOUND"],
  ...["28000", "28P01", "3D000"],
]);

/** Runs a server of the environment's configuration until a signal ends it, and says why where it does not start. */
export async function run(
  started: (server: RunningServer, config: Config, log: Logger) => void,
): Promise<void> {
  try {
    const config = loadConfig();
    const log = createLog(config.logLevel);
    const starting = startServer(config, log);
    // Already now: the first process of a container is not ended by signals that it has no handler for.
    closeOnSignal(starting, log);
    started(await starting, config, log);
  } catch (error) {
    console.error(`lacre-server cannot start: ${reasonOf(error)}`);
    process.exit(error instanceof NotUtf8Error ? 2 : 1);
  }
}

function closeOnSignal(starting: Promise<RunningServer>, log: Logger): void {
  let firstAt: number | undefined;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, async () => {
      const now = performance.now();
      if (firstAt !== undefined) {
        if (now - firstAt > SAME_SIGNAL) process.exit(1);
        return;
      }
      firstAt = now;
      log.info({ signal }, "shutting down; a second signal ends it at once");
      setTimeout(() => process.exit(1), CLOSE_TIMEOUT_MS).unref();
      // A start that fails ends the process by itself.
      await starting.then((server) => server.close()).catch(() => {});
      log.info("closed");
    });
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof ConfigError || error instanceof NotUtf8Error) return error.message;
  const isUnavailable = error instanceof DatabaseUnavailableError;
  const { code = "", message } = (isUnavailable ? error.cause : error) as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") return "another program listens on this port: set SERVER_PORT";
  if (code === "EADDRNOTAVAIL") return "this machine has no such address: set SERVER_HOST";
  if (isUnavailable || NO_DATABASE.has(code)) {
    return `its database cannot be opened (${message}): check DATABASE_URL`;
  }
  return message;
}
