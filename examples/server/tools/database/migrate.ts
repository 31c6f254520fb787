import type { DatabaseConfig } from "../../src/database/database-config.js";
import { resultsOf, withMigrator } from "../../src/database/migrator.js";

export async function up(config: DatabaseConfig): Promise<void> {
  const results = await withMigrator(config, async (migrator) =>
    resultsOf(await migrator.migrateToLatest()),
  );
  for (const { migrationName } of results) console.log(`made ${migrationName}`);
  if (results.length === 0) console.log("nothing to do: all migrations are made");
}

export async function down(config: DatabaseConfig): Promise<void> {
  const results = await withMigrator(config, async (migrator) =>
    resultsOf(await migrator.migrateDown()),
  );
  for (const { migrationName } of results) console.log(`undid ${migrationName}`);
  if (results.length === 0) console.log("nothing to do: no migration is made");
}

export async function history(config: DatabaseConfig): Promise<void> {
  const migrations = await withMigrator(config, (migrator) => migrator.getMigrations());
  for (const { name, executedAt } of migrations) {
    console.log(`${name}  ${executedAt?.toISOString() ?? "not made"}`);
  }
}
