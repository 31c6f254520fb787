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
  await withMigrator(config, async (migrator) => resultsOf(await migrator.migrateToLatest()));
}

/** Gives `work` a migrator whose statements may take any time. */
export async function withMigrator<Result>(
  config: DatabaseConfig,
  work: (migrator: Migrator) => Promise<Result>,
): Promise<Result> {
  const db = new Kysely<unknown>({ dialect: dialectOf(config, undefined, 0) });
  try {
    return await work(new Migrator({ db, provider: { getMigrations: readMigrations } }));
  } finally {
    await db.destroy();
  }
}

/** What was done. Throws what went wrong. */
export function resultsOf({ error, results = [] }: MigrationResultSet): readonly MigrationResult[] {
  if (error !== undefined) throw error;
  return results;
}
