import { closeSync, openSync } from "node:fs";
import { type Dialect, Kysely } from "kysely";
import type { DatabaseConfig } from "./database-config.js";
import { postgresqlDialect } from "./postgresql/postgresql-dialect.js";
import type { Schema } from "./schema.js";
import { sqliteDialect } from "./sqlite/sqlite-dialect.js";

/** Milliseconds that PostgreSQL may take for a statement, or let it wait for another one's row. */
const PATIENCE_MS = 10_000;

type Report = (error: Error) => void;

/** Opens the database; a SQLite file is made if there is none. `report` hears of connections that are lost while nobody uses them. */
export function openDatabase(config: DatabaseConfig, report?: Report): Kysely<Schema> {
  return new Kysely({ dialect: dialectOf(config, report) });
}

/** With a patience of 0, a statement may take any time. */
export function dialectOf(
  config: DatabaseConfig,
  report: Report = () => {},
  patience = PATIENCE_MS,
): Dialect {
  if (config.dialect === "postgresql") {
    return postgresqlDialect({ ...config, report, patience });
  }
  createPrivately(config.path);
  return sqliteDialect(config.path);
}

/** The file holds the server's keys, so it is nobody else's to read. */
function createPrivately(path: string): void {
  try {
    // Never opens a file that is there: closing it would take away the locks of this process's connections to it, and
    // then any other program that reads the file deletes its write-ahead log.
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
