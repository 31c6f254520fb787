import { readdir } from "node:fs/promises";
import {
  Kysely,
  type Migration,
  type MigrationResult,
  type MigrationResultSet,
  Migrator,
  sql,
} from "kysely";
import { ConfigError } from "../config-error.js";
import type { DatabaseConfig } from "./database-config.js";
import { dialectOf } from "./open-database.js";

export const MIGRATIONS = new URL("migrations/", import.meta.url);

/** Returns the migrations by name, in order. */
export async function readMigrations(): Promise<Record<string, Migration>> {
  const files = (await readdir(MIGRATIONS)).filter((file) => /^\d{4}-[\w-]+\.[jt]s$/.test(file));
  const entries = files
    .sort()
    .map(async (file) => [file.slice(0, -3), await import(new URL(file, MIGRATIONS).href)]);
  return Object.fromEntries(await Promise.all(entries));
}

/** Applies all pending migrations. If several processes start together, one migrates and the others wait. */
export async function migrate(config: DatabaseConfig): Promise<void> {
  await withMigrator(config, async (migrator) => resultsOf(await migrator.migrateToLatest()));
}

/** Runs `work` with a migrator. */
export async function withMigrator<Result>(
  config: DatabaseConfig,
  work: (migrator: Migrator) => Promise<Result>,
): Promise<Result> {
  const db = new Kysely<unknown>({ dialect: dialectOf(config, undefined, { isMigrating: true }) });
  try {
    if (config.dialect === "postgresql") await requireUtf8(db);
    return await work(new Migrator({ db, provider: { getMigrations: readMigrations } }));
  } finally {
    await db.destroy();
  }
}

async function requireUtf8(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ server_encoding: string }>`SHOW server_encoding`.execute(db);
  const encoding = rows[0]!.server_encoding;
  if (encoding === "UTF8") return;
  throw new ConfigError(
    `the database stores text as ${encoding}: names and messages need UTF-8. Create one with ENCODING 'UTF8' and set DATABASE_URL`,
  );
}

/** Returns the results of a migration. Throws its error if it failed. */
export function resultsOf({ error, results = [] }: MigrationResultSet): readonly MigrationResult[] {
  if (error !== undefined) throw error;
  return results;
}
