import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { DatabaseConfig } from "../../src/database/database-config.js";
import { MIGRATIONS, readMigrations } from "../../src/database/migrator.js";

/** Writes an empty migration. */
export async function make(_: DatabaseConfig, name: string | undefined): Promise<void> {
  await writeMigration(name, { up: [], down: [] });
}

/** Writes a migration with the next number. */
export async function writeMigration(
  name = "",
  code: { readonly up: readonly string[]; readonly down: readonly string[] },
): Promise<void> {
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) {
    throw new Error(
      "name the migration in lower-case letters, digits and hyphens, such as add-nicknames",
    );
  }
  const last = Object.keys(await readMigrations()).at(-1) ?? "0000";
  const number = String(Number(last.slice(0, 4)) + 1).padStart(4, "0");
  const file = fileURLToPath(new URL(`${number}-${name}.ts`, MIGRATIONS));
  await writeFile(file, migrationOf(code), { flag: "wx" });
  console.log(`wrote ${file}`);
}

/** Returns the source text of a migration. */
export function migrationOf({
  up,
  down,
}: {
  readonly up: readonly string[];
  readonly down: readonly string[];
}): string {
  const all = [...up, ...down].join("\n");
  const imports = all.includes("sql`") ? "type Kysely, sql" : "type Kysely";
  return [
    `import { ${imports} } from "kysely";`,
    ...(all.includes("types.") ? ['import { columnTypes } from "../column-types.js";'] : []),
    "",
    ...functionOf("up", up),
    "",
    ...functionOf("down", down),
    "",
  ].join("\n");
}

function functionOf(name: string, lines: readonly string[]): string[] {
  const isTyped = lines.some((line) => line.includes("types."));
  return [
    `export async function ${name}(${lines.length > 0 ? "db" : "_db"}: Kysely<unknown>): Promise<void> {`,
    ...(isTyped ? ["  const types = columnTypes(db);"] : []),
    ...lines.map((line) => `  ${line}`),
    "}",
  ];
}
