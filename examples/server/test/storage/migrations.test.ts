import { type Kysely, NO_MIGRATIONS } from "kysely";
import { afterEach, beforeEach, expect, it } from "vitest";
import { migrate, resultsOf, withMigrator } from "../../src/database/migrator.js";
import { openDatabase } from "../../src/database/open-database.js";
import type { Schema } from "../../src/database/schema.js";
import { Store } from "../../src/database/store.js";
import { createDatabase, onEachDatabase, type ScratchDatabase } from "./databases.js";
import { fill } from "./rows.js";

onEachDatabase("the tables", (dialect) => {
  let scratch: ScratchDatabase;
  let db: Kysely<Schema>;
  beforeEach(async () => {
    scratch = await createDatabase(dialect);
    db = openDatabase(scratch.config);
  });
  afterEach(async () => {
    await db.destroy();
    await scratch.remove();
  });

  const tables = async () => (await db.introspection.getTables()).map(({ name }) => name).sort();
  const all = ["chats", "messages", "server_keys", "sessions", "username_looks", "users"];

  it("go up, down and up again, with rows in them", async () => {
    await migrate(scratch.config);
    expect(await tables()).toEqual(all);
    await fill(new Store(db));
    await withMigrator(scratch.config, async (migrator) =>
      resultsOf(await migrator.migrateTo(NO_MIGRATIONS)),
    );
    expect(await tables()).toEqual([]);
    await migrate(scratch.config);
    expect(await tables()).toEqual(all);
    await fill(new Store(db));
  });

  it("are made once where several servers start at the same time", async () => {
    await Promise.all(Array.from({ length: 4 }, () => migrate(scratch.config)));
    expect(await tables()).toEqual(all);
  });
});
