import { DummyDriver, Kysely } from "kysely";
import type { DatabaseConfig } from "../../src/database/database-config.js";
import { readMigrations } from "../../src/database/migrator.js";
import { postgresqlDialect } from "../../src/database/postgresql/postgresql-dialect.js";
import { sqliteDialect } from "../../src/database/sqlite/sqlite-dialect.js";

export async function printSql(config: DatabaseConfig, direction = "up"): Promise<void> {
  const dialect =
    config.dialect === "sqlite"
      ? sqliteDialect(config.path)
      : postgresqlDialect({ ...config, timeout: 0, report: () => {} });
  const lines: string[] = [];
  const db = new Kysely<unknown>({
    dialect: { ...dialect, createDriver: () => new DummyDriver() },
    log: ({ query }) => void lines.push(`${query.sql};`),
  });
  const migrations = Object.entries(await readMigrations());
  const isDown = direction === "down";
  for (const [name, { up, down }] of isDown ? migrations.reverse() : migrations) {
    lines.push(`-- ${name}, ${direction}`);
    await (isDown ? down!(db) : up(db));
  }
  console.log(lines.join("\n"));
}
