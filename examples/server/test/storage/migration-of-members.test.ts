import { type Kysely, sql } from "kysely";
import { afterEach, beforeEach, expect, it } from "vitest";
import { memberOf } from "../../src/database/members.js";
import { migrate, resultsOf, withMigrator } from "../../src/database/migrator.js";
import { openDatabase } from "../../src/database/open-database.js";
import type { Schema } from "../../src/database/schema.js";
import { Store } from "../../src/database/store.js";
import { readShape } from "../../tools/database/read-shape.js";
import { createDatabase, onEachDatabase, type ScratchDatabase } from "./databases.js";
import { createChat } from "./rows.js";

const BEFORE = "0007-quotas";

onEachDatabase("the migration 0008-chat-members", (dialect) => {
  let scratch: ScratchDatabase;
  let db: Kysely<Schema>;
  const to = (name: string) =>
    withMigrator(scratch.config, async (migrator) => resultsOf(await migrator.migrateTo(name)));
  const shape = () => readShape(db as Kysely<unknown>, dialect);

  /** The chats before the migration. Some are created by the smaller user id, others by the larger one. */
  const chats = [
    {
      ...{ id: 1, user1_id: 1, user2_id: 2, created_by: 1, last_seq: 9, created_at: 1.5 },
      ...{ accepted_at: 2.5, user1_blocked_at: null, user2_blocked_at: 3.5 },
      ...{ user1_read: 4, user2_read: 5, user1_delivered: 6, user2_delivered: 7 },
    },
    {
      ...{ id: 2, user1_id: 1, user2_id: 3, created_by: 3, last_seq: 2, created_at: 1.25 },
      ...{ accepted_at: null, user1_blocked_at: 2.25, user2_blocked_at: null },
      ...{ user1_read: 1, user2_read: 0, user1_delivered: 2, user2_delivered: 0 },
    },
    {
      ...{ id: 5001, user1_id: 2, user2_id: 3, created_by: 3, last_seq: 0, created_at: 8 },
      ...{ accepted_at: 8, user1_blocked_at: null, user2_blocked_at: null },
      ...{ user1_read: 0, user2_read: 0, user1_delivered: 0, user2_delivered: 0 },
    },
  ];
  const columns = sql.raw(Object.keys(chats[0]!).join(", "));
  const storedChats = async () =>
    (await sql`select ${columns} from chats order by id`.execute(db)).rows;

  beforeEach(async () => {
    scratch = await createDatabase(dialect);
    db = openDatabase(scratch.config);
    await to(BEFORE);
    await sql`insert into users (id, uuid, username, username_key, hashed_password, created_at)
      values (1, 'a', 'a', 'a', '-', 0), (2, 'b', 'b', 'b', '-', 0), (3, 'c', 'c', 'c', '-', 0)`.execute(
      db,
    );
    const [bytes, now] = [Buffer.alloc(16, 7), Date.now() / 1000];
    for (const chat of chats) {
      await sql`insert into chats (${columns}, chat_uuid, encryption_type, auto_delete_hours, expired_until,
        auto_delete_set_by, auto_delete_set_at, auto_delete_set_after, salt, iterations, key_check)
        values (${sql.join(Object.values(chat))}, ${`uuid${chat.id}`}, 'lacre/e2e/1', 5, 1.75, 3, 1.25, 1,
        ${bytes}, 600000, ${bytes})`.execute(db);
    }
    await sql`insert into messages (chat_id, sender_id, seq, encrypted_content, nonce, timestamp, stored_at, digest)
      values (1, 1, 8, ${bytes}, ${bytes}, 0, ${now}, ${bytes}), (1, 2, 9, ${bytes}, ${bytes}, 0, ${now}, ${bytes})`.execute(
      db,
    );
  });
  afterEach(async () => {
    await db.destroy();
    await scratch.remove();
  });

  it("keeps members, watermarks, blocks and acceptance in both directions", async () => {
    const before = await shape();
    await migrate(scratch.config);
    const { rows } = await sql`select * from chat_members order by chat_id, user_id`.execute(db);
    const row = (
      [chat_id, user_id, role]: [number, number, string],
      [read, delivered]: [number, number],
      [blocked_at, accepted_at]: [number | null, number | null],
    ) => ({ chat_id, user_id, role, join_seq: 0, read, delivered, blocked_at, accepted_at });
    expect(rows).toEqual([
      row([1, 1, "admin"], [4, 6], [null, 1.5]),
      row([1, 2, "member"], [5, 7], [3.5, 2.5]),
      row([2, 1, "member"], [1, 2], [2.25, null]),
      row([2, 3, "admin"], [0, 0], [null, 1.25]),
      row([5001, 2, "member"], [0, 0], [null, 8]),
      row([5001, 3, "admin"], [0, 0], [null, 8]),
    ]);
    await to(BEFORE);
    expect(await storedChats()).toEqual(chats);
    expect(await shape()).toEqual(before);
  });

  it("keeps all other columns of chats, and their messages", async () => {
    const others =
      sql.raw(`id, chat_uuid, encryption_type, auto_delete_hours, expired_until, auto_delete_set_by,
      auto_delete_set_at, auto_delete_set_after, salt, iterations, key_check`);
    const ofMessages =
      sql.raw(`id, chat_id, sender_id, seq, client_id, encrypted_content, nonce, timestamp,
      stored_at, digest`);
    const read = async () => [
      (await sql`select ${others} from chats order by id`.execute(db)).rows,
      (await sql`select ${ofMessages} from messages order by id`.execute(db)).rows,
      (await sql`select * from stored_bytes order by user_id`.execute(db)).rows,
    ];
    const before = await read();
    await migrate(scratch.config);
    expect(await read()).toEqual(before);
    await to(BEFORE);
    expect(await read()).toEqual(before);
  });

  it("leaves chats that the server reads and writes", async () => {
    await migrate(scratch.config);
    const store = new Store(db);
    const listed = await store.chatsOfMember.list(1, { limit: 9, offset: 0 });
    expect(listed.map(({ id, peer_id, unread }) => [id, peer_id, unread])).toEqual([
      [1, 2, 1],
      [2, 3, 0],
    ]);
    expect(await store.chats.listPeers(3)).toEqual([2]);
    const chat = (await store.chats.find(2, 1))!;
    expect(memberOf(chat, 1)).toMatchObject({ isBlocking: true, hasAccepted: false });
    const { chats, facts } = await store.appends.read([{ chat_id: 1, sender_id: 2 }]);
    expect(facts).toMatchObject([{ storedBytes: 16, sent: undefined }]);
    expect([...chats.values()]).toMatchObject([{ id: 1, last_seq: 9 }]);
  });

  it.each(["up", "down"])("leaves one chat for each two users, after %s", async (direction) => {
    await migrate(scratch.config);
    if (direction === "down") await to(BEFORE);
    const chat = { chat_uuid: "d", encryption_type: "-", created_by: 2, created_at: 0 };
    const members = direction === "up" ? { pair: "1-2" } : { user1_id: 1, user2_id: 2 };
    const insert = db.insertInto("chats").values({ ...chat, ...members });
    await expect(insert.execute()).rejects.toThrow(/unique/i);
  });

  it("leaves foreign keys to chats in force, after each direction", async () => {
    const orphan = sql`update messages set chat_id = 77 where seq = 9`;
    for (const name of ["0008-chat-members", BEFORE]) {
      await to(name);
      await expect(orphan.execute(db)).rejects.toThrow(/foreign key/i);
    }
  });

  it("does not use the ids of deleted chats again", async () => {
    if (dialect === "postgresql") await sql`alter sequence chats_id_seq restart 5002`.execute(db);
    await sql`delete from chats where id = 5001`.execute(db);
    await migrate(scratch.config);
    const store = new Store(db);
    const [one, other] = [(await store.users.find(2))!, (await store.users.find(3))!];
    expect((await createChat(store, one, other)).id).toBe(5002);
  });
});
