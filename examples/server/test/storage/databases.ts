import { describe, it } from "vitest";
import { isQuick, isRemaining } from "../../../../test/support/runs.js";
import {
  createDatabase as createHarnessDatabase,
  type DatabaseKind,
  isPostgresAvailable,
  POSTGRES_URL,
} from "../../harness/processes/database.js";
import { type DatabaseConfig, readDatabaseConfig } from "../../src/database/database-config.js";

/** An empty database for one test file. */
export interface ScratchDatabase {
  readonly config: DatabaseConfig;
  remove(): Promise<void>;
}

const isAvailable = await isPostgresAvailable();

/**
 * Runs a suite on SQLite and on PostgreSQL. Without a PostgreSQL, it skips that half with a warning, or throws if
 * LACRE_REQUIRE_ALL is set, as in CI. The quick suite runs suites with `isSlow` on SQLite only,
 * and the remaining one on PostgreSQL only.
 */
export function onEachDatabase(
  name: string,
  suite: (kind: DatabaseKind) => void,
  { isSlow = false } = {},
): void {
  if (!(isSlow && isRemaining)) describe(`on SQLite, ${name}`, () => suite("sqlite"));
  if (isSlow && isQuick) return;
  describeOnPostgres(`on PostgreSQL, ${name}`, () => suite("postgresql"));
}

/** Runs a suite on PostgreSQL, or skips it like `onEachDatabase`. */
export function describeOnPostgres(name: string, suite: () => void): void {
  if (isAvailable) return void describe(name, suite);
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

/** Returns the value of `DATABASE_URL` for a database. */
export function urlOf(config: DatabaseConfig): string {
  return config.dialect === "sqlite" ? `sqlite:///${config.path}` : config.url;
}
