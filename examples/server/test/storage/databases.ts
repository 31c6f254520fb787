import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { describe, it } from "vitest";
import type { DatabaseConfig } from "../../src/database/database-config.js";

/** Where databases for tests are made. */
const POSTGRES_URL = process.env.LACRE_POSTGRES_URL ?? "postgresql://postgres@127.0.0.1:5432";

/** An empty database, for one file of tests. */
export interface ScratchDatabase {
  readonly config: DatabaseConfig;
  remove(): Promise<void>;
}

export type Dialect = DatabaseConfig["dialect"];

/**
 * Tells the same of SQLite and of PostgreSQL. Where there is no PostgreSQL that half is skipped aloud; with
 * LACRE_REQUIRE_ALL in the environment, as in CI, its file fails instead.
 */
export function onEachDatabase(name: string, suite: (dialect: Dialect) => void): void {
  describe(`on SQLite, ${name}`, () => suite("sqlite"));
  describeOnPostgres(`on PostgreSQL, ${name}`, () => suite("postgresql"));
}

export function describeOnPostgres(name: string, suite: () => void): void {
  if (isPostgresThere) return void describe(name, suite);
  const message = `needs PostgreSQL at ${POSTGRES_URL}`;
  if (process.env.LACRE_REQUIRE_ALL) throw new Error(message);
  console.warn(`skipped: ${name} ${message}`);
  describe.skip(name, () => it(message, () => {}));
}

export async function createDatabase(dialect: Dialect): Promise<ScratchDatabase> {
  return dialect === "sqlite" ? createSqlite() : createPostgres();
}

/** As `DATABASE_URL` has it. */
export function urlOf(config: DatabaseConfig): string {
  return config.dialect === "sqlite" ? `sqlite:///${config.path}` : config.url;
}

function createSqlite(): ScratchDatabase {
  const folder = mkdtempSync(join(tmpdir(), "lacre-storage-"));
  return {
    config: { dialect: "sqlite", path: join(folder, "server.db") },
    async remove() {
      rmSync(folder, { recursive: true });
    },
  };
}

async function createPostgres(): Promise<ScratchDatabase> {
  const name = `lacre_test_${randomBytes(6).toString("hex")}`;
  await administer(`create database ${name}`);
  return {
    config: { dialect: "postgresql", url: `${POSTGRES_URL}/${name}`, poolSize: 5 },
    remove: () => administer(`drop database ${name} with (force)`),
  };
}

/** Does something as PostgreSQL's owner, outside the database that is tested. */
export async function administer(sql: string): Promise<void> {
  const client = new Client({ connectionString: `${POSTGRES_URL}/postgres` });
  await client.connect();
  await client.query(sql);
  await client.end();
}

async function findPostgres(): Promise<boolean> {
  try {
    await administer("select 1");
    return true;
  } catch {
    return false;
  }
}

const isPostgresThere = await findPostgres();
