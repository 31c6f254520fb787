import { closeSync, openSync } from "node:fs";
import { type Dialect, Kysely } from "kysely";
import type { DatabaseConfig } from "./database-config.js";
import { postgresqlDialect } from "./postgresql/postgresql-dialect.js";
import type { Schema } from "./schema.js";
import { sqliteDialect } from "./sqlite/sqlite-dialect.js";

/** Milliseconds that a PostgreSQL statement may take or wait for a lock. */
const STATEMENT_TIMEOUT_MS = 10_000;

type Report = (error: Error) => void;

/** Opens the database and creates a missing SQLite file. `report` receives errors of idle connections. */
export function openDatabase(config: DatabaseConfig, report?: Report): Kysely<Schema> {
  return new Kysely({ dialect: dialectOf(config, report) });
}

/**
 * Returns the dialect. With `isMigrating`, statements have no timeout, and SQLite does not enforce foreign keys, so that a
 * migration can replace a table that others reference.
 */
export function dialectOf(
  config: DatabaseConfig,
  report: Report = () => {},
  { isMigrating = false } = {},
): Dialect {
  if (config.dialect === "postgresql") {
    const timeout = isMigrating ? 0 : STATEMENT_TIMEOUT_MS;
    return postgresqlDialect({ ...config, report, timeout });
  }
  createPrivately(config.path);
  return sqliteDialect(config.path, { enforcesForeignKeys: !isMigrating });
}

/** Creates a file that only the server's user can read, because it contains the server's keys. */
function createPrivately(path: string): void {
  try {
    // Never open an existing file: closing it would release the locks of this process's other connections to it. Another
    // program that reads the file could then delete its write-ahead log.
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
