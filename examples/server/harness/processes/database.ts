import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";

/** URL of the PostgreSQL on which test databases are created. */
export const POSTGRES_URL =
  process.env.LACRE_POSTGRES_URL ?? "postgresql://postgres@127.0.0.1:5432";

/** An empty database for one run. */
export interface ScratchDatabase {
  readonly url: string;
  remove(): Promise<void>;
}

export type DatabaseKind = "sqlite" | "postgresql";

export async function createDatabase(kind: DatabaseKind): Promise<ScratchDatabase> {
  return kind === "sqlite" ? createSqlite() : createPostgres();
}

export async function isPostgresAvailable(): Promise<boolean> {
  const client = new Client({ connectionString: `${POSTGRES_URL}/postgres` });
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false;
  }
}

function createSqlite(): ScratchDatabase {
  const folder = mkdtempSync(join(tmpdir(), "lacre-harness-"));
  return {
    url: `sqlite:///${join(folder, "server.db")}`,
    async remove() {
      rmSync(folder, { recursive: true });
    },
  };
}

async function createPostgres(): Promise<ScratchDatabase> {
  const name = `lacre_harness_${randomBytes(6).toString("hex")}`;
  // Most databases collate text by the rules of a language. The keys of the server must not depend on that.
  await administer(
    `CREATE DATABASE ${name} LOCALE_PROVIDER icu ICU_LOCALE 'en' TEMPLATE template0`,
  );
  return {
    url: `${POSTGRES_URL}/${name}`,
    remove: () => administer(`DROP DATABASE ${name} WITH (FORCE)`),
  };
}

async function administer(sql: string): Promise<void> {
  const client = new Client({ connectionString: `${POSTGRES_URL}/postgres` });
  await client.connect();
  await client.query(sql);
  await client.end();
}
