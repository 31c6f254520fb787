import { loadConfig } from "./config.js";
import { ConfigError } from "./config-error.js";
import { addressOf } from "./database/database-config.js";
import { DatabaseUnavailable } from "./database/database-unavailable.js";
import { createLog } from "./log.js";
import { startServer } from "./server.js";

/** For a server that does not come to its end, in milliseconds. */
const CLOSING_PATIENCE = 12_000;

/** Of files that cannot be opened, and of PostgreSQL: no such user, a wrong password, no such database. */
const NO_DATABASE = new Set([
  ...["ENOENT", "EACCES", "SQLITE_CANTOPEN", "ECONNREFUSED", "ENOTFOUND"],
  ...["28000", "28P01", "3D000"],
]);

try {
  const config = loadConfig();
  const log = createLog(config.logLevel);
  const server = await startServer(config, log);
  log.info(
    {
      url: server.url,
      database: addressOf(config.database),
      session_secret: config.serverSecret === undefined ? "kept in the database" : "SERVER_SECRET",
      shared_with_others: config.redisUrl === undefined ? "nothing: one instance" : "Redis",
    },
    `listening on ${server.url}, its API is at ${server.url}/docs`,
  );

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
} catch (error) {
  console.error(`lacre-server cannot start: ${reasonOf(error)}`);
  process.exit(1);
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
