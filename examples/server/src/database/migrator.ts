import { readdir } from "node:fs/promises";
import {
  Kysely,
  type Migration,
  type MigrationResult,
  type MigrationResultSet,
  Migrator,
} from "kysely";
import type { DatabaseConfig } from "./database-config.js";
import { dialectOf } from "./open-database.js";

export const MIGRATIONS = new URL("migrations/", import.meta.url);

/** By their names, which say in what order they come. */
export async function readMigrations(): Promise<Record<string, Migration>> {
  const files = (await readdir(MIGRATIONS)).filter((file) => /^\d{4}-[\w-]+\.[jt]s$/.test(file));
  const entries = files
    .sort()
    .map(async (file) => [file.slice(0, -3), await import(new URL(file, MIGRATIONS).href)]);
  return Object.fromEntries(await Promise.all(entries));
}

/** Brings the tables up to date. Of several processes at once, one does it and the others wait. */
export async function migrate(config: DatabaseConfig): Promise<void> {
  await withMigrator(config, (migrator) => migrator.migrateToLatest());
}

/** Lets `work` migrate, by statements that may take any time. Throws what went wrong. */
export async function withMigrator(
  config: DatabaseConfig,
  work: (migrator: Migrator) => Promise<MigrationResultSet>,
): Promise<readonly MigrationResult[]> {
  const db = new Kysely<unknown>({ dialect: dialectOf(config, undefined, 0) });
  try {
    const provider = { getMigrations: readMigrations };
    const { error, results = [] } = await work(new Migrator({ db, provider }));
    if (error !== undefined) throw error;
    return results;
  } finally {
    await db.destroy();
  }
}
