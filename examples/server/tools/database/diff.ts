import { Kysely } from "kysely";
import type { DatabaseConfig } from "../../src/database/database-config.js";
import { dialectOf } from "../../src/database/open-database.js";
import { changesBetween } from "./changes.js";
import { migrationOf, writeMigration } from "./make.js";
import { readShape } from "./read-shape.js";
import { declaredShape } from "./shape.js";

/** Prints how the database differs from the declared schema, and prints or writes a migration that removes the differences. */
export async function diff(config: DatabaseConfig, name: string | undefined): Promise<void> {
  const { dialect } = config;
  const db = new Kysely<unknown>({ dialect: dialectOf(config) });
  const live = await readShape(db, dialect).finally(() => db.destroy());
  const changes = changesBetween(live, declaredShape(dialect));
  if (changes.length === 0)
    return console.log("nothing to do: the database matches the declared schema");

  for (const { text } of changes) console.log(text);
  const code = {
    up: changes.flatMap(({ up }) => up),
    down: changes.toReversed().flatMap(({ down }) => down),
  };
  console.log("\nDraft of a migration. Review it before you apply it:\n");
  if (name !== undefined) return writeMigration(name, code);
  console.log(migrationOf(code));
  process.exitCode = 1;
}
