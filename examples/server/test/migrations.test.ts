import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NO_MIGRATIONS } from "kysely";
import { expect, it } from "vitest";
import { createMigrator, migrate, openDatabase } from "../src/database/open-database.js";

it("the tables go up, down and up again", async () => {
  const folder = mkdtempSync(join(tmpdir(), "lacre-migrations-"));
  const config = { dialect: "sqlite", path: join(folder, "server.db") } as const;
  const db = openDatabase(config);
  const tables = async () => (await db.introspection.getTables()).map(({ name }) => name).sort();
  await migrate(config);
  const all = ["chats", "messages", "server_keys", "sessions", "username_looks", "users"];
  expect(await tables()).toEqual(all);
  const { error } = await createMigrator(db).migrateTo(NO_MIGRATIONS);
  expect(error).toBeUndefined();
  expect(await tables()).toEqual([]);
  await migrate(config);
  expect(await tables()).toEqual(all);
  await db.destroy();
  rmSync(folder, { recursive: true });
});
