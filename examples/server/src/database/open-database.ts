import { closeSync, openSync } from "node:fs";
import { type Dialect, Kysely, Migrator, PostgresDialect, SqliteDialect } from "kysely";
import Database from "libsql";
import { Pool, types } from "pg";
import { BlobPlugin } from "./blob-plugin.js";
import type { DatabaseConfig } from "./database-config.js";
import * as initial from "./migrations/0001-initial.js";
import type { Schema } from "./schema.js";

/** Opens the database; a SQLite file is made if there is none. `report` hears of connections that are lost while nobody uses them. */
export function openDatabase(
  config: DatabaseConfig,
  report: (error: Error) => void = () => {},
): Kysely<Schema> {
  return config.dialect === "sqlite"
    ? new Kysely({ dialect: sqlite(config.path), plugins: [new BlobPlugin()] })
    : new Kysely({ dialect: postgres(config, report) });
}

/** Brings the tables up to date. */
export async function migrate(config: DatabaseConfig): Promise<void> {
  const db = openDatabase(config);
  try {
    const { error } = await createMigrator(db).migrateToLatest();
    if (error !== undefined) throw error;
  } finally {
    await db.destroy();
  }
}

export function createMigrator(db: Kysely<Schema>): Migrator {
  return new Migrator({
    db,
    provider: { getMigrations: async () => ({ "0001-initial": initial }) },
  });
}

function sqlite(path: string): Dialect {
  createPrivately(path);
  const database = new Database(path, { timeout: 5000 });
  database.pragma("journal_mode = WAL");
  // An acknowledged message survives the loss of power.
  database.pragma("synchronous = FULL");
  database.pragma("foreign_keys = ON");
  return new SqliteDialect({ database });
}

function postgres(
  { url, poolSize }: DatabaseConfig & { dialect: "postgresql" },
  report: (error: Error) => void,
): Dialect {
  const pool = new Pool({
    connectionString: url,
    max: poolSize,
    types: {
      // Ids and counts are far below 2^53.
      getTypeParser: (oid, format) =>
        oid === types.builtins.INT8 ? Number : types.getTypeParser(oid, format),
    },
  });
  pool.on("error", report);
  return new PostgresDialect({ pool });
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
