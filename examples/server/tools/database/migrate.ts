import type { DatabaseConfig } from "../../src/database/database-config.js";
import { resultsOf, withMigrator } from "../../src/database/migrator.js";

/** Applies all pending migrations. */
export async function up(config: DatabaseConfig): Promise<void> {
  const results = await withMigrator(config, async (migrator) =>
    resultsOf(await migrator.migrateToLatest()),
  );
  for (const { migrationName } of results) console.log(`applied ${migrationName}`);
  if (results.length === 0) console.log("nothing to do: all migrations are applied");
}

/** Reverts the last applied migration. */
export async function down(config: DatabaseConfig): Promise<void> {
  const results = await withMigrator(config, async (migrator) =>
    resultsOf(await migrator.migrateDown()),
  );
  for (const { migrationName } of results) console.log(`reverted ${migrationName}`);
  if (results.length === 0) console.log("nothing to do: no migration is applied");
}

/** Prints each migration and when it was applied. */
export async function history(config: DatabaseConfig): Promise<void> {
  const migrations = await withMigrator(config, (migrator) => migrator.getMigrations());
  for (const { name, executedAt } of migrations) {
    console.log(`${name}  ${executedAt?.toISOString() ?? "pending"}`);
  }
}
