import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NO_MIGRATIONS } from "kysely";
import { expect, it } from "vitest";
import { createMigrator, migrate, openDatabase } from "../src/database/open-database.js";

it("the tables go up, down and up again", async () => {
  const folder = mkdtempSync(join(tmpdir(), "lacre-migrations-"));
  const db = openDatabase(join(folder, "server.db"));
  const tables = async () => (await db.introspection.getTables()).map(({ name }) => name).sort();
  await migrate(db);
  const all = ["chats", "messages", "server_keys", "sessions", "users"];
  expect(await tables()).toEqual(all);
  const { error } = await createMigrator(db).migrateTo(NO_MIGRATIONS);
  expect(error).toBeUndefined();
  expect(await tables()).toEqual([]);
  await migrate(db);
  expect(await tables()).toEqual(all);
  await db.destroy();
  rmSync(folder, { recursive: true });
});
