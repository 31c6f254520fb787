import { randomBytes } from "node:crypto";
import { type Kysely, NO_MIGRATIONS, sql } from "kysely";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readDatabaseConfig } from "../../src/database/database-config.js";
import { memberOf } from "../../src/database/members.js";
import { migrate, resultsOf, withMigrator } from "../../src/database/migrator.js";
import { openDatabase } from "../../src/database/open-database.js";
import { tables as declaredTables, type Schema } from "../../src/database/schema.js";
import { Store } from "../../src/database/store.js";
import {
  createDatabase,
  describeOnPostgres,
  onEachDatabase,
  type ScratchDatabase,
  urlOf,
} from "./databases.js";
import { insertIntoEachTable } from "./rows.js";

onEachDatabase("migrations", (dialect) => {
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
  const all = Object.keys(declaredTables).sort();

  it("can be applied, reverted and applied again, with rows in the tables", async () => {
    await migrate(scratch.config);
    expect(await tables()).toEqual(all);
    await insertIntoEachTable(new Store(db));
    await withMigrator(scratch.config, async (migrator) =>
      resultsOf(await migrator.migrateTo(NO_MIGRATIONS)),
    );
    expect(await tables()).toEqual([]);
    await migrate(scratch.config);
    expect(await tables()).toEqual(all);
    await insertIntoEachTable(new Store(db));
  });

  it("keep unexpired messages in both directions of 0002-expiry-by-chat", async () => {
    const to = (name: string) =>
      withMigrator(scratch.config, async (migrator) => resultsOf(await migrator.migrateTo(name)));
    await to("0001-initial");
    const [past, future] = [Date.now() / 1000 - 1, Date.now() / 1000 + 1000];
    await sql`insert into users (id, uuid, username, username_key, hashed_password, created_at)
      values (1, 'a', 'a', 'a', '-', 0), (2, 'b', 'b', 'b', '-', 0), (3, 'c', 'c', 'c', '-', 0)`.execute(
      db,
    );
    await sql`insert into chats (id, chat_uuid, user1_id, user2_id, created_by, encryption_type, created_at,
      auto_delete_hours) values (1, 'a', 1, 2, 1, '-', 0, null), (2, 'b', 1, 3, 1, '-', 0, 1)`.execute(
      db,
    );
    const bytes = Buffer.alloc(1);
    for (const [seq, delete_at] of [past, future, null].entries()) {
      await sql`insert into messages (chat_id, sender_id, seq, encrypted_content, nonce, timestamp, stored_at,
        delete_at, digest) values (1, 1, ${seq + 1}, ${bytes}, ${bytes}, 0, 5, ${delete_at}, ${bytes}),
        (2, 1, ${seq + 1}, ${bytes}, ${bytes}, 0, ${past}, null, ${bytes})`.execute(db);
    }
    await migrate(scratch.config);
    const store = new Store(db);
    const chats = await store.chatsOfMember.list(1, { limit: 9, offset: 0 });
    expect(chats.map(({ expired_until }) => expired_until)).toEqual([null, 0]);
    const all = { limit: 9, stored_after: 0 };
    const seqs = async (id: number) =>
      (await store.messagePages.read(id, all)).messages.map(({ seq }) => seq);
    expect([await seqs(1), await seqs(2)]).toEqual([
      [2, 3],
      [1, 2, 3],
    ]);
    await store.chats.setAutoDelete(1, { hours: 1, user_id: 1, now: 3605 });
    await store.chats.setAutoDelete(1, { hours: null, user_id: 1, now: 3606 });
    await to("0001-initial");
    const { rows } = await sql`select chat_id, seq, delete_at from messages
      where encrypted_content is not null order by chat_id, seq`.execute(db);
    expect(rows).toEqual([1, 2, 3].map((seq) => ({ chat_id: 2, seq, delete_at: past + 3600 })));
  });

  it("convert receipts in both directions of 0005-receipts-by-chat", async () => {
    const to = (name: string) =>
      withMigrator(scratch.config, async (migrator) => resultsOf(await migrator.migrateTo(name)));
    await to("0002-expiry-by-chat");
    await sql`insert into users (id, uuid, username, username_key, hashed_password, created_at)
      values (1, 'a', 'a', 'a', '-', 0), (2, 'b', 'b', 'b', '-', 0), (3, 'c', 'c', 'c', '-', 0)`.execute(
      db,
    );
    // The ids are far apart, so that the migration converts the chats in different batches.
    await sql`insert into chats (id, chat_uuid, user1_id, user2_id, created_by, encryption_type, created_at, last_seq)
      values (1, 'a', 1, 2, 1, '-', 0, 6), (2001, 'b', 1, 3, 1, '-', 0, 2), (5001, 'c', 2, 3, 2, '-', 0, 0)`.execute(
      db,
    );
    const bytes = Buffer.alloc(1);
    const rows = [
      { chat_id: 1, sender_id: 1, seq: 1, is_read: 1, delivered: 1 },
      { chat_id: 1, sender_id: 2, seq: 2, is_read: 0, delivered: 0 },
      { chat_id: 1, sender_id: 1, seq: 3, is_read: 1, delivered: 1 },
      { chat_id: 1, sender_id: 1, seq: 4, is_read: 0, delivered: 1 },
      { chat_id: 1, sender_id: 2, seq: 5, is_read: 0, delivered: 0 },
      { chat_id: 1, sender_id: 1, seq: 6, is_read: 0, delivered: 1 },
      { chat_id: 2001, sender_id: 3, seq: 1, is_read: 1, delivered: 0 },
      { chat_id: 2001, sender_id: 3, seq: 2, is_read: 1, delivered: 0 },
    ];
    for (const { chat_id, sender_id, seq, is_read, delivered } of rows) {
      await sql`insert into messages (chat_id, sender_id, seq, encrypted_content, nonce, timestamp, stored_at,
        digest, is_read, delivered) values (${chat_id}, ${sender_id}, ${seq}, ${bytes}, ${bytes}, 0, 5,
        ${bytes}, ${is_read}, ${delivered})`.execute(db);
    }
    await migrate(scratch.config);
    const store = new Store(db);
    const unread = async (id: number, user: number) =>
      (await store.chatsOfMember.find(id, user))!.unread;
    expect([await unread(1, 1), await unread(1, 2), await unread(2001, 1)]).toEqual([2, 2, 0]);
    const watermarks = async (id: number, user: number) => {
      const { read, delivered } = memberOf((await store.chats.find(id, user))!, user);
      return [read, delivered];
    };
    expect([await watermarks(1, 1), await watermarks(1, 2)]).toEqual([
      [1, 1],
      [3, 6],
    ]);
    expect(await watermarks(2001, 1)).toEqual([2, 0]);
    expect([await watermarks(5001, 2), await watermarks(5001, 3)]).toEqual([
      [0, 0],
      [0, 0],
    ]);
    await to("0002-expiry-by-chat");
    const columns = sql`select chat_id, sender_id, seq, is_read, delivered from messages order by id`;
    expect((await columns.execute(db)).rows).toEqual(rows);
  });

  it("are applied once if several servers start simultaneously", async () => {
    await Promise.all(Array.from({ length: 4 }, () => migrate(scratch.config)));
    expect(await tables()).toEqual(all);
  });
});

describeOnPostgres("a PostgreSQL database that is not in UTF-8", () => {
  it("is rejected without changes", async () => {
    const name = `lacre_latin1_${randomBytes(6).toString("hex")}`;
    const { config, remove } = await createDatabase("postgresql");
    const administrator = openDatabase(config);
    const url = Object.assign(new URL(urlOf(config)), { pathname: `/${name}` }).href;
    await sql`CREATE DATABASE ${sql.id(name)} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0`.execute(
      administrator,
    );
    try {
      await expect(migrate(readDatabaseConfig({ DATABASE_URL: url }))).rejects.toThrow(
        /^the database stores text as LATIN1: .* ENCODING 'UTF8'/,
      );
    } finally {
      await sql`DROP DATABASE ${sql.id(name)} WITH (FORCE)`.execute(administrator);
      await administrator.destroy();
      await remove();
    }
  });
});
