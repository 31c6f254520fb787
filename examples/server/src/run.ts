import type { Logger } from "pino";
import { type Config, loadConfig } from "./config.js";
import { ConfigError } from "./config-error.js";
import { DatabaseUnavailable } from "./database/database-unavailable.js";
import { createLog } from "./log.js";
import { type RunningServer, startServer } from "./server.js";

/** For a server that does not come to its end, in milliseconds. */
const CLOSING_PATIENCE = 12_000;

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
    const server = await startServer(config, log);
    started(server, config, log);
    closeOnSignal(server, log);
  } catch (error) {
    console.error(`lacre-server cannot start: ${reasonOf(error)}`);
    process.exit(1);
  }
}

function closeOnSignal(server: RunningServer, log: Logger): void {
  let isClosing = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, async () => {
      if (isClosing) process.exit(1);
      isClosing = true;
      log.info({ signal }, "shutting down; a second signal ends it at once");
      setTimeout(() => process.exit(1), CLOSING_PATIENCE).unref();
      await server.close();
      log.info("closed");
    });
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  const isUnavailable = error instanceof DatabaseUnavailable;
  const { code = "", message } = (isUnavailable ? error.cause : error) as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") return "another program listens on this port: set SERVER_PORT";
  if (code === "EADDRNOTAVAIL") return "this machine has no such address: set SERVER_HOST";
  if (isUnavailable || NO_DATABASE.has(code)) {
    return `its database cannot be opened (${message}): check DATABASE_URL`;
  }
  return message;
}
