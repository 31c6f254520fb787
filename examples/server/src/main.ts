import { pino } from "pino";
import { readConfig } from "./config.js";
import { ConfigError } from "./config-error.js";
import { addressOf } from "./database/database-config.js";
import { startServer } from "./server.js";

try {
  const config = readConfig(process.env);
  const log = pino({ level: config.logLevel });
  const server = await startServer(config, log);
  const database = addressOf(config.database);
  const secret = config.serverSecret === undefined ? "kept in the database" : "SERVER_SECRET";
  const shared = config.redisUrl === undefined ? "nothing: one instance" : "Redis";
  log.info(
    { url: server.url, database, session_secret: secret, shared_with_others: shared },
    `listening on ${server.url}, its API is at ${server.url}/docs`,
  );

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, async () => {
      log.info({ signal }, "shutting down");
      await server.close();
      log.info("closed");
    });
  }
} catch (error) {
  console.error(`lacre-server cannot start: ${reasonOf(error)}`);
  process.exitCode = 1;
}

function reasonOf(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") return "another program listens on this port: set SERVER_PORT";
  if (
    code === "ENOENT" ||
    code === "EACCES" ||
    code === "SQLITE_CANTOPEN" ||
    code === "ECONNREFUSED"
  ) {
    return `its database cannot be opened (${message}): check DATABASE_URL`;
  }
  return message;
}
