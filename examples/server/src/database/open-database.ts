import { closeSync, openSync } from "node:fs";
import { Kysely, Migrator, SqliteDialect } from "kysely";
import Database from "libsql";
import { BlobPlugin } from "./blob-plugin.js";
import * as initial from "./migrations/0001-initial.js";
import type { Schema } from "./schema.js";

/** Opens the SQLite file, making it if there is none. */
export function openDatabase(path: string): Kysely<Schema> {
  // The file holds the server's keys, so it is nobody else's to read.
  closeSync(openSync(path, "a", 0o600));
  const database = new Database(path, { timeout: 5000 });
  database.pragma("journal_mode = WAL");
  // An acknowledged message survives the loss of power.
  database.pragma("synchronous = FULL");
  database.pragma("foreign_keys = ON");
  const dialect = new SqliteDialect({ database });
  return new Kysely<Schema>({ dialect, plugins: [new BlobPlugin()] });
}

export function createMigrator(db: Kysely<Schema>): Migrator {
  return new Migrator({
    db,
    provider: { getMigrations: async () => ({ "0001-initial": initial }) },
  });
}

/** Brings the tables up to date. */
export async function migrate(db: Kysely<Schema>): Promise<void> {
  const { error } = await createMigrator(db).migrateToLatest();
  if (error !== undefined) throw error;
}
