import { NotUtf8Error } from "lacre-api/decode-text";
import type { Logger } from "pino";
import { type Config, loadConfig } from "./config.js";
import { ConfigError } from "./config-error.js";
import { DatabaseUnavailableError } from "./database/database-unavailable.js";
import { createLog } from "./log.js";
import { type RunningServer, startServer } from "./server.js";

/** Milliseconds after which the process exits if the server has not closed. */
const CLOSE_TIMEOUT_MS = 12_000;

/** Milliseconds in which further signals are ignored: at Ctrl-C, both the terminal and npm send a signal. */
const SAME_SIGNAL_MS = 1000;

/** Codes of errors while opening the database. In PostgreSQL: unknown user, wrong password, unknown database. */
const DATABASE_ERRORS = new Set([
  ...["ENOENT", "EACCES", "SQLITE_CANTOPEN", "ECONNREFUSED", "ENOTFOUND"],
  ...["28000", "28P01", "3D000"],
]);

/** Runs a server with the configuration of the environment until a signal. If it cannot start, prints why and exits. */
export async function run(
  started: (server: RunningServer, config: Config, log: Logger) => void,
): Promise<void> {
  try {
    const config = loadConfig();
    const log = createLog(config.logLevel);
    const starting = startServer(config, log);
    // Handle signals during the start too: the first process of a container ignores signals without a handler.
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
        if (now - firstAt > SAME_SIGNAL_MS) process.exit(1);
        return;
      }
      firstAt = now;
      log.info({ signal }, "shutting down; a second signal exits immediately");
      setTimeout(() => process.exit(1), CLOSE_TIMEOUT_MS).unref();
      // If the start fails, `run` exits.
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
  if (isUnavailable || DATABASE_ERRORS.has(code)) {
    return `the database cannot be opened (${message}): check DATABASE_URL`;
  }
  return message;
}
