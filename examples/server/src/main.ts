import { existsSync } from "node:fs";
import { readConfig } from "./config.js";
import { ConfigError } from "./config-error.js";
import { addressOf } from "./database/database-config.js";
import { createLog } from "./log.js";
import { startServer } from "./server.js";

/** For a server that does not come to its end, in milliseconds. */
const CLOSING_PATIENCE = 12_000;

try {
  if (existsSync(".env")) process.loadEnvFile();
  const config = readConfig(process.env);
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
  process.exitCode = 1;
}

function reasonOf(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case "EADDRINUSE":
      return "another program listens on this port: set SERVER_PORT";
    case "EADDRNOTAVAIL":
      return "this machine has no such address: set SERVER_HOST";
    case "ENOENT":
    case "EACCES":
    case "SQLITE_CANTOPEN":
    case "ECONNREFUSED":
      return `its database cannot be opened (${message}): check DATABASE_URL`;
    default:
      return message;
  }
}
