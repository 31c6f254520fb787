import { Kysely, sql } from "kysely";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import type { Chat } from "../../src/database/members.js";
import { MessageQueries } from "../../src/database/message-queries.js";
import { migrate } from "../../src/database/migrator.js";
import { dialectOf, openDatabase } from "../../src/database/open-database.js";
import type { Schema } from "../../src/database/schema.js";
import { Store } from "../../src/database/store.js";
import { listMessages, pageMessages } from "../../src/messages/list-messages.js";
import { Sweeper } from "../../src/messages/sweeper.js";
import { messageIn } from "../support.js";
import { createDatabase, onEachDatabase } from "./databases.js";
import { fillTables } from "./fill-tables.js";
import { StorageFixture } from "./fixture.js";
import { createChat, createUser } from "./rows.js";
import { storeMessage } from "./store-message.js";

const HOUR = 3600;
/** Has a fraction, so that a rounded time is detected. */
const NOW = 1_800_000_000.123;

const sweeper = (store: Store) => new Sweeper(store, pino({ level: "silent" }));

onEachDatabase("a change of the auto-delete setting", (dialect) => {
  let fixture: StorageFixture;
  let chat: Chat;

  beforeAll(async () => {
    fixture = await StorageFixture.create(dialect);
  });
  afterAll(() => fixture.remove());
  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    await createNewChat();
  });
  afterEach(async () => {
    vi.useRealTimers();
    // A sweep counts the messages of all chats.
    const database = fixture.database();
    await database.deleteFrom("messages").execute();
    await database.destroy();
  });

  async function createNewChat(hours: number | null = null): Promise<void> {
    const name = `alice${Math.random().toString(36).slice(2)}`;
    fixture.alice = await createUser(fixture.store, name);
    chat = await createChat(fixture.store, fixture.alice, fixture.bob, hours);
  }
  const at = (time: number) => vi.setSystemTime(Math.round(time * 1000));
  /** Stores one message for each age, in seconds. The seqs start at 1. */
  async function write(...ages: number[]): Promise<void> {
    for (const age of ages) {
      at(NOW - age);
      await storeMessage(fixture.store, messageIn(chat.id, fixture.alice.id));
    }
    at(NOW);
  }
  const setHours = (hours: number | null, store = fixture.store) =>
    store.chats.setAutoDelete(chat.id, { hours, user_id: fixture.bob.id, now: Date.now() / 1000 });
  /** Returns the readable seqs, after checking that all ways of reading agree. */
  async function read(store = fixture.store): Promise<number[]> {
    const { alice, bob } = fixture;
    const resume = { chat_id: chat.id, after: 0, limit: 100 };
    const list = (await listMessages(store, bob.id, resume))!;
    const { last_seq, unread } = (await store.chatsOfMember.find(chat.id, bob.id))!;
    expect(list).toMatchObject({ after: 0, through: last_seq, has_more: false });
    const seqs = list.messages.map(({ seq }) => seq!);
    const page = { chat_id: chat.id, after: undefined, before: 1000, limit: 100 };
    const before = (await pageMessages(store, alice.id, page))!;
    expect(before.messages.map(({ seq }) => seq)).toEqual(seqs);
    expect(unread).toBe(seqs.length);
    const listed = await store.chatsOfMember.list(bob.id, { limit: 1000, offset: 0 });
    expect(listed.find(({ id }) => id === chat.id)!.unread).toBe(seqs.length);
    return seqs;
  }
  /** Returns the seqs of the messages whose content is stored. */
  async function stored(): Promise<number[]> {
    const all = { limit: 1000, stored_after: 0 };
    const { messages } = await fixture.store.messagePages.read(chat.id, all);
    return messages.map(({ seq }) => seq);
  }

  it("hides older messages immediately, and the sweeper deletes them", async () => {
    await write(3 * HOUR, 2 * HOUR, HOUR / 2, 0);
    expect(await read()).toEqual([1, 2, 3, 4]);
    await setHours(1);
    expect(await read()).toEqual([3, 4]);
    expect(await read(fixture.open())).toEqual([3, 4]);
    expect(await stored()).toEqual([1, 2, 3, 4]);
    expect(await sweeper(fixture.store).sweep()).toBe(2);
    expect(await stored()).toEqual([3, 4]);
    expect(await read()).toEqual([3, 4]);
  });

  it("expires a message exactly at the age of the setting", async () => {
    await write(HOUR, HOUR - 0.001);
    await setHours(1);
    expect(await read()).toEqual([2]);
    at(NOW + 0.001);
    expect(await read()).toEqual([]);
    expect(await sweeper(fixture.store).sweep()).toBe(2);
  });

  it("keeps the remaining messages after a change to null", async () => {
    await write(2 * HOUR, HOUR / 2);
    await setHours(1);
    await setHours(null);
    expect(await read()).toEqual([2]);
    at(NOW + 1000 * HOUR);
    expect(await read()).toEqual([2]);
    expect(await sweeper(fixture.store).sweep()).toBe(1);
    expect(await stored()).toEqual([2]);
  });

  it("does not restore messages that expired under the old setting, deleted or not", async () => {
    await write(30 * HOUR, 2 * HOUR, HOUR / 2);
    await setHours(24);
    expect(await read()).toEqual([2, 3]);
    await setHours(1);
    expect(await read()).toEqual([3]);
    await setHours(24);
    expect(await read()).toEqual([3]);
    // The message became an hour old while the setting of one hour applied.
    await setHours(1);
    at(NOW + HOUR);
    await setHours(null);
    expect(await read()).toEqual([]);
    expect(await sweeper(fixture.store).sweep()).toBe(3);
  });

  it("applies a longer setting to the remaining messages", async () => {
    await createNewChat(1);
    await write(HOUR / 2);
    await setHours(24);
    at(NOW + 23 * HOUR);
    expect(await read()).toEqual([1]);
    at(NOW + 23.5 * HOUR);
    expect(await read()).toEqual([]);
  });

  it("uses stored_at of the server, not the timestamp of the sender", async () => {
    at(NOW);
    for (const timestamp of [NOW - 72 * HOUR, NOW + 72 * HOUR]) {
      await storeMessage(fixture.store, messageIn(chat.id, fixture.alice.id, { timestamp }));
    }
    await setHours(24);
    expect(await read()).toEqual([1, 2]);
    at(NOW + 24 * HOUR);
    expect(await read()).toEqual([]);
  });

  it("records who made it, when, and after which message", async () => {
    await createNewChat(1);
    expect(chat).toMatchObject({ auto_delete_set_by: fixture.alice.id, auto_delete_set_after: 0 });
    await write(10, 5);
    const change = { auto_delete_set_by: fixture.bob.id, auto_delete_set_at: NOW };
    expect(await setHours(24)).toMatchObject({ ...change, auto_delete_set_after: 2 });
    at(NOW + 10);
    expect(await setHours(24)).toBeUndefined();
    const found = await fixture.store.chats.find(chat.id, fixture.bob.id);
    expect(found).toMatchObject({ ...change, auto_delete_hours: 24 });
  });

  it("is undone with its transaction", async () => {
    await write(2 * HOUR);
    const failing = fixture.store.transaction(async (inside) => {
      await setHours(1, inside);
      throw new Error("crashed");
    });
    await expect(failing).rejects.toThrow("crashed");
    expect(await read()).toEqual([1]);
    expect(await sweeper(fixture.store).sweep()).toBe(0);
  });

  it("stays effective if a sweep stops halfway: another instance deletes the rest", async () => {
    await write(...Array.from({ length: 300 }, (_, at) => 3 * HOUR - at), 0);
    await setHours(1);
    const broken = fixture.open();
    const first = vi.spyOn(broken.messages, "deleteExpired");
    const dying = sweeper(broken);
    first.mockImplementationOnce(async (...given) => {
      void dying.stop();
      return MessageQueries.prototype.deleteExpired.apply(broken.messages, given);
    });
    expect(await dying.sweep()).toBe(200);
    const other = fixture.open();
    expect(await read(other)).toEqual([301]);
    expect(await sweeper(other).sweep()).toBe(100);
    expect(await stored()).toEqual([301]);
  });

  it("expires messages under each of several simultaneous settings of two instances", async () => {
    await write(2 * HOUR, HOUR / 2);
    const elsewhere = fixture.open();
    await Promise.all([setHours(1), setHours(24, elsewhere), setHours(48), setHours(2, elsewhere)]);
    expect(await read()).toEqual([2]);
  });

  it("takes one statement, and a sweep deletes at most 200 messages per statement", async () => {
    await write(0);
    const database = fixture.database();
    // Copy the message 5,000 times.
    await sql`insert into messages (chat_id, sender_id, seq, nonce, timestamp, stored_at, digest, encrypted_content)
      select chat_id, sender_id, seq + n.i, nonce, timestamp, stored_at - 7200, digest, encrypted_content
      from messages, (with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000)
      select i from n) as n where chat_id = ${chat.id}`.execute(database);
    await database.destroy();
    const statements: string[] = [];
    const store = new Store(
      new Kysely<Schema>({
        dialect: dialectOf(fixture.scratch.config),
        log: ({ query }) => void statements.push(query.sql),
      }),
    );
    fixture.stores.push(store);
    await setHours(1, store);
    expect(statements).toHaveLength(1);
    expect(statements[0]).toMatch(/^update "chats"/);
    const deletions = vi.spyOn(store.messages, "deleteExpired");
    statements.length = 0;
    expect(await sweeper(store).sweep()).toBe(5000);
    const counts = await Promise.all(deletions.mock.results.map(({ value }) => value));
    expect(counts).toEqual([...new Array(25).fill(200), 0]);
    expect(statements.filter((one) => /"messages"/.test(one)).length).toBeLessThan(30);
    expect(await stored()).toEqual([1]);
  });

  it("can be counted in advance, up to a limit", async () => {
    await write(30 * HOUR, 2 * HOUR, HOUR, HOUR / 2);
    const count = async (after: number, hours: number, limit = 10) =>
      fixture.store.messages.countStored(chat.id, { after, until: NOW - hours * HOUR, limit });
    expect(await count(0, 1)).toBe(3);
    expect(await count(0, 24)).toBe(1);
    expect(await count(0, 1, 2)).toBe(2);
    expect(await count(NOW - 2 * HOUR, 1)).toBe(1);
    await setHours(1);
    await sweeper(fixture.store).sweep();
    expect(await count(0, 1)).toBe(0);
  });
});

onEachDatabase("the sweeper", (dialect) => {
  it("deletes exactly the expired messages of thousands of chats", async () => {
    const scratch = await createDatabase(dialect);
    await migrate(scratch.config);
    const database = openDatabase(scratch.config);
    await fillTables(database);
    const { rows } = await sql<{ count: number }>`select count(*) as count from messages, chats
      where chats.id = chat_id and expired_until is not null`.execute(database);
    await sql`update chats set expired_until = 5000 where expired_until is not null`.execute(
      database,
    );
    const count = async (condition: ReturnType<typeof sql>) => {
      const found = await sql<{ count: number }>`select count(*) as count from messages, chats
        where chats.id = chat_id and ${condition}`.execute(database);
      return Number(found.rows[0]!.count);
    };
    const due = sql`expired_until is not null and stored_at <= 5000 and encrypted_content is not null`;
    const expected = await count(due);
    expect(expected).toBeGreaterThan(500);
    expect(Number(rows[0]!.count)).toBeGreaterThan(expected);
    expect(await sweeper(new Store(database)).sweep()).toBe(expected);
    expect(await count(due)).toBe(0);
    expect(await count(sql`encrypted_content is null`)).toBe(expected);
    await database.destroy();
    await scratch.remove();
  });
});
