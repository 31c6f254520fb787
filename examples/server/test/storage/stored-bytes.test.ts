import { type Kysely, sql } from "kysely";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { migrate, resultsOf, withMigrator } from "../../src/database/migrator.js";
import type { Schema, User } from "../../src/database/schema.js";
import { messageIn } from "../support.js";
import { describeOnPostgres, onEachDatabase } from "./databases.js";
import { StorageFixture } from "./fixture.js";
import { createChat, createUser } from "./rows.js";
import { storeMessage } from "./store-message.js";

const HOUR = 3600;
const PARAMETERS = { salt: new Uint8Array(16), iterations: 600_000, key_check: new Uint8Array(16) };

onEachDatabase("stored bytes of a user", (kind) => {
  let fixture: StorageFixture;
  let db: Kysely<Schema>;
  let count = 0;
  beforeAll(async () => {
    fixture = await StorageFixture.create(kind);
    db = fixture.database();
  });
  afterAll(async () => {
    await db.destroy();
    await fixture.remove();
  });

  /** Creates two users and their empty chat. */
  async function createPair(): Promise<{ one: User; other: User; chat_id: number }> {
    count += 1;
    const suffix = count;
    const one = await createUser(fixture.store, `one-${suffix}`);
    const other = await createUser(fixture.store, `other-${suffix}`);
    return { one, other, chat_id: (await createChat(fixture.store, one, other)).id };
  }
  const sized = (chat_id: number, { id }: User, bytes: number) =>
    messageIn(chat_id, id, { content: new Uint8Array(bytes) });
  const bytesOf = async ({ id }: User) =>
    (await db.selectFrom("stored_bytes").select("bytes").where("user_id", "=", id).execute())[0]
      ?.bytes;

  it("are counted over all chats, without repeated and rejected messages", async () => {
    const { one, other, chat_id } = await createPair();
    const second = await createChat(fixture.store, one, fixture.alice);
    const message = sized(chat_id, one, 1000);
    await storeMessage(fixture.store, message);
    await storeMessage(fixture.store, message);
    await expect(
      storeMessage(fixture.store, { ...message, content: new Uint8Array(1001) }),
    ).rejects.toMatchObject({ code: "ERR_CLIENT_ID_REUSED" });
    await storeMessage(fixture.store, sized(second.id, one, 200));
    await storeMessage(fixture.store, sized(chat_id, other, 30));
    expect([await bytesOf(one), await bytesOf(other)]).toEqual([1200, 30]);
  });

  it("decrease when messages expire or a chat is restarted", async () => {
    const { one, other, chat_id } = await createPair();
    for (const author of [one, one, other]) {
      await storeMessage(fixture.store, sized(chat_id, author, 100));
    }
    const until = Date.now() / 1000 + HOUR;
    expect(await fixture.store.messages.deleteExpired(chat_id, { until, limit: 2 })).toBe(2);
    expect(await fixture.store.messages.deleteExpired(chat_id, { until, limit: 2 })).toBe(1);
    await storeMessage(fixture.store, sized(chat_id, one, 7));
    expect([await bytesOf(one), await bytesOf(other)]).toEqual([7, 0]);
    const own = await createPair();
    await storeMessage(fixture.store, sized(own.chat_id, own.one, 100));
    await fixture.store.transaction((inside) =>
      inside.chats.restart({ id: own.chat_id, creator: own.one.id }, PARAMETERS),
    );
    expect(await bytesOf(own.one)).toBe(0);
  });

  it("decrease when an operator deletes messages", async () => {
    const { one, other, chat_id } = await createPair();
    for (const author of [one, one, other]) {
      await storeMessage(fixture.store, sized(chat_id, author, 100));
    }
    await fixture.store.messages.deleteExpired(chat_id, {
      until: Date.now() / 1000 + HOUR,
      limit: 1,
    });
    await db.deleteFrom("messages").where("chat_id", "=", chat_id).execute();
    expect([await bytesOf(one), await bytesOf(other)]).toEqual([0, 0]);
  });

  it("may reach but not exceed the quota, at which repeated messages are still acknowledged", async () => {
    const { one, other, chat_id } = await createPair();
    const quota = { maxStoredBytes: 1000 };
    const first = sized(chat_id, one, 600);
    await storeMessage(fixture.store, first, quota);
    const exceeded = { status: 403, code: "ERR_QUOTA_EXCEEDED" };
    await expect(
      storeMessage(fixture.store, sized(chat_id, one, 401), quota),
    ).rejects.toMatchObject(exceeded);
    const { stored } = await storeMessage(fixture.store, sized(chat_id, one, 400), quota);
    expect(stored.seq).toBe(2);
    await expect(storeMessage(fixture.store, sized(chat_id, one, 1), quota)).rejects.toMatchObject(
      exceeded,
    );
    expect((await storeMessage(fixture.store, first, quota)).isNew).toBe(false);
    expect((await storeMessage(fixture.store, sized(chat_id, other, 1000), quota)).isNew).toBe(
      true,
    );
  });

  it("stay correct while two instances store and delete messages simultaneously", async () => {
    const pairs = await Promise.all(Array.from({ length: 3 }, () => createPair()));
    const users = pairs.map(({ one }) => one);
    const chats: { id: number; members: User[] }[] = [];
    for (const [index, one] of users.entries()) {
      const other = users[(index + 1) % users.length]!;
      chats.push({ id: (await createChat(fixture.store, one, other)).id, members: [one, other] });
    }
    const stores = [fixture.store, fixture.open()];
    const later = Date.now() / 1000 + HOUR;
    await Promise.all(
      stores.flatMap((store) =>
        chats.flatMap(({ id, members }) => [
          ...Array.from({ length: 30 }, (_, index) =>
            storeMessage(store, sized(id, members[index % 2]!, 10)),
          ),
          ...Array.from({ length: 10 }, () =>
            store.messages.deleteExpired(id, { until: later, limit: 7 }),
          ),
        ]),
      ),
    );
    for (const user of users) {
      const { rows } = await sql<{ count: number }>`select count(*) as count from messages
        where sender_id = ${user.id} and encrypted_content is not null`.execute(db);
      expect(await bytesOf(user)).toBe(rows[0]!.count * 10);
    }
  });

  it("of earlier messages are counted by the migration", async () => {
    const { one, other, chat_id } = await createPair();
    await storeMessage(fixture.store, sized(chat_id, one, 11));
    await storeMessage(fixture.store, sized(chat_id, one, 22));
    await withMigrator(fixture.scratch.config, async (migrator) =>
      resultsOf(await migrator.migrateTo("0006-contacts")),
    );
    await migrate(fixture.scratch.config);
    expect([await bytesOf(one), await bytesOf(other)]).toEqual([33, undefined]);
    await storeMessage(fixture.store, sized(chat_id, one, 1));
    expect(await bytesOf(one)).toBe(34);
  });
});

describeOnPostgres("migration 0007-quotas", () => {
  it("waits for an open transaction that stores a message, and counts it", async () => {
    const fixture = await StorageFixture.create("postgresql");
    const db = fixture.database();
    const { chat, alice } = fixture;
    try {
      await withMigrator(fixture.scratch.config, async (migrator) =>
        resultsOf(await migrator.migrateTo("0006-contacts")),
      );
      let migrating: Promise<void> | undefined;
      await db.transaction().execute(async (storing) => {
        await sql`update chats set last_seq = 1 where id = ${chat.id}`.execute(storing);
        migrating = migrate(fixture.scratch.config);
        migrating.catch(() => {});
        const waiting = sql`select 1 from pg_locks where not granted and database =
          (select oid from pg_database where datname = current_database())`;
        const isWaiting = async () => (await waiting.execute(db)).rows.length > 0;
        await vi.waitUntil(isWaiting, { timeout: 30_000 });
        // The columns of the schema at this time.
        const values = { chat_id: chat.id, sender_id: alice.id, seq: 1, client_id: null };
        const bytes = { encrypted_content: new Uint8Array(10), nonce: new Uint8Array(12) };
        const times = { timestamp: 0, stored_at: 1, digest: new Uint8Array(32) };
        await storing
          .insertInto("messages")
          .values({ ...values, ...bytes, ...times })
          .execute();
      });
      await migrating;
      const counted = await db.selectFrom("stored_bytes").selectAll().execute();
      expect(counted).toEqual([{ user_id: alice.id, bytes: 10 }]);
    } finally {
      await db.destroy();
      await fixture.remove();
    }
  });
});
