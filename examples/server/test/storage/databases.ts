import { describe, it } from "vitest";
import { isQuick } from "../../../../test/support/runs.js";
import {
  createDatabase as createHarnessDatabase,
  type DatabaseKind,
  isPostgresAvailable,
  POSTGRES_URL,
} from "../../harness/processes/database.js";
import { type DatabaseConfig, readDatabaseConfig } from "../../src/database/database-config.js";

/** An empty database, for one file of tests. */
export interface ScratchDatabase {
  readonly config: DatabaseConfig;
  remove(): Promise<void>;
}

const isThere = await isPostgresAvailable();

/**
 * Tells the same of SQLite and of PostgreSQL. Where there is no PostgreSQL that half is skipped aloud; with
 * LACRE_REQUIRE_ALL in the environment, as in CI, its file fails instead. The quick suite runs what `isSlow` on SQLite
 * only.
 */
export function onEachDatabase(
  name: string,
  suite: (kind: DatabaseKind) => void,
  { isSlow = false } = {},
): void {
  describe(`on SQLite, ${name}`, () => suite("sqlite"));
  if (isSlow && isQuick) return;
  describeOnPostgres(`on PostgreSQL, ${name}`, () => suite("postgresql"));
}

export function describeOnPostgres(name: string, suite: () => void): void {
  if (isThere) return void describe(name, suite);
  const message = `needs PostgreSQL at ${POSTGRES_URL}`;
  if (process.env.LACRE_REQUIRE_ALL) throw new Error(message);
  console.warn(`skipped: ${name} ${message}`);
  describe.skip(name, () => it(message, () => {}));
}

export async function createDatabase(kind: DatabaseKind): Promise<ScratchDatabase> {
  const { url, remove } = await createHarnessDatabase(kind);
  const config = readDatabaseConfig({ DATABASE_URL: url, DATABASE_POOL_SIZE: "5" });
  return { config, remove };
}

/** As `DATABASE_URL` has it. */
export function urlOf(config: DatabaseConfig): string {
  return config.dialect === "sqlite" ? `sqlite:///${config.path}` : config.url;
}
