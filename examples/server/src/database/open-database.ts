import { closeSync, openSync } from "node:fs";
import { type Dialect, Kysely, type LogConfig, PostgresDialect } from "kysely";
import type { DatabaseConfig } from "./database-config.js";
import { PostgresqlPool } from "./postgresql/postgresql-pool.js";
import type { Schema } from "./schema.js";
import { sqliteDialect } from "./sqlite/sqlite-dialect.js";

/** Milliseconds that a statement may take, or wait for another one's row. */
const PATIENCE_MS = 10_000;

/** Opens the database; a SQLite file is made if there is none. */
export function openDatabase(
  config: DatabaseConfig,
  {
    report = () => {},
    patience = PATIENCE_MS,
  }: {
    /** Hears of connections that are lost while nobody uses them. */
    readonly report?: (error: Error) => void;
    readonly patience?: number;
  } = {},
): Kysely<Schema> {
  return new Kysely({ dialect: dialectOf(config) });
}
