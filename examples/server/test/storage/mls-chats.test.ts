import { setTimeout as delay } from "node:timers/promises";
import { type Kysely, sql } from "kysely";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { MAX_UNREAD } from "../../src/database/chats-of-member.js";
import { type Chat, memberIds, memberOf } from "../../src/database/members.js";
import { resultsOf, withMigrator } from "../../src/database/migrator.js";
import type { Schema } from "../../src/database/schema.js";
import { listMessages, pageMessages } from "../../src/messages/list-messages.js";
import { onEachDatabase } from "./databases.js";
import { StorageFixture } from "./fixture.js";
import { insertMessages } from "./many-messages.js";
import { addMember, createMlsChat } from "./rows.js";

onEachDatabase("MLS chats", (dialect) => {
  let fixture: StorageFixture;
  let db: Kysely<Schema>;
  let chat: Chat;
  beforeAll(async () => {
    fixture = await StorageFixture.create(dialect);
    db = fixture.database();
  });
  beforeEach(async () => {
    const invited = [fixture.bob.id, fixture.carol.id];
    chat = await createMlsChat(fixture.store, { creator: fixture.alice.id, invited });
  });
  afterAll(async () => {
    await db.destroy();
    await fixture.remove();
  });

  const write = (sender_id: number, count: number) =>
    insertMessages(db, { chat_id: chat.id, sender_id, count });
  const join = (user_id: number, join_seq: number) =>
    addMember(db, { chat_id: chat.id, user_id, join_seq });
  const unreadOf = async (user_id: number) =>
    (await fixture.store.chatsOfMember.find(chat.id, user_id))!.unread;

  it("let a member read only what comes after the member joined", async () => {
    await write(fixture.alice.id, 5);
    await join(fixture.bob.id, 3);
    const seqs = async (list: ReturnType<typeof listMessages>) =>
      (await list)!.messages.map(({ seq }) => seq);
    const page = { chat_id: chat.id, limit: 100, after: undefined, before: undefined };
    for (const [user_id, readable] of [
      [fixture.alice.id, [1, 2, 3, 4, 5]],
      [fixture.bob.id, [4, 5]],
    ] as const) {
      const resume = { chat_id: chat.id, after: 0, limit: 100 };
      expect(await seqs(listMessages(fixture.store, user_id, resume))).toEqual(readable);
      const all = { ...page, before: 6 };
      expect(await seqs(pageMessages(fixture.store, user_id, all))).toEqual(readable);
    }
    const before = { ...page, before: 4 };
    expect(await pageMessages(fixture.store, fixture.bob.id, before)).toMatchObject({
      messages: [],
      has_more: false,
    });
  });

  it("have members who read each other's device logs, also without an accepted chat of two", async () => {
    const { alice, bob, carol, store } = fixture;
    expect(await store.chats.listReadersOfDevices(carol.id)).toEqual([]);
    await join(carol.id, 0);
    expect(await store.chats.listReadersOfDevices(carol.id)).toEqual([alice.id]);
    expect((await store.chats.listReadersOfDevices(alice.id)).sort()).toEqual([bob.id, carol.id]);
    expect(await store.chats.listPeers(carol.id)).toEqual([]);
  });

  it("count the unread messages of all other members after the member joined and read", async () => {
    await join(fixture.bob.id, 0);
    await write(fixture.alice.id, 4);
    await write(fixture.bob.id, 2);
    await join(fixture.carol.id, 3);
    await write(fixture.carol.id, 1);
    expect(await unreadOf(fixture.alice.id)).toBe(3);
    expect(await unreadOf(fixture.bob.id)).toBe(5);
    expect(await unreadOf(fixture.carol.id)).toBe(3);
    await fixture.store.messages.raiseWatermark("read", {
      ...{ chat_id: chat.id, user_id: fixture.bob.id, seq: 4 },
    });
    expect(await unreadOf(fixture.bob.id)).toBe(1);
  });

  it("count unread messages among the newest 1,000 only", async () => {
    await join(fixture.bob.id, 0);
    await write(fixture.bob.id, 10);
    await write(fixture.alice.id, MAX_UNREAD - 1);
    expect(await unreadOf(fixture.bob.id)).toBe(MAX_UNREAD - 1);
    await write(fixture.alice.id, 2);
    expect(await unreadOf(fixture.bob.id)).toBe(MAX_UNREAD);
    await write(fixture.bob.id, 7);
    expect(await unreadOf(fixture.bob.id)).toBe(MAX_UNREAD - 7);
  });

  it("keep the watermarks of each member, and show all members to each", async () => {
    await write(fixture.alice.id, 3);
    await join(fixture.bob.id, 0);
    await join(fixture.carol.id, 1);
    const raise = (user_id: number, seq: number) =>
      fixture.store.messages.raiseWatermark("delivered", { chat_id: chat.id, user_id, seq });
    await raise(fixture.bob.id, 2);
    await raise(fixture.carol.id, 9);
    const found = (await fixture.store.chats.find(chat.id, fixture.alice.id))!;
    const delivered = [fixture.alice, fixture.bob, fixture.carol].map(
      ({ id }) => memberOf(found, id).delivered,
    );
    expect(delivered).toEqual([0, 2, 3]);
  });

  /** Takes a seq of the chat, as a commit does, and calls `change`. Meanwhile, another transaction reads the members. */
  const membersDuring = async (change: (transaction: Kysely<Schema>) => Promise<unknown>) => {
    let read: Promise<{ readonly chats: ReadonlyMap<number, Chat> }> | undefined;
    await db.transaction().execute(async (transaction) => {
      const last_seq = sql<number>`last_seq + 1`;
      await transaction.updateTable("chats").set({ last_seq }).where("id", "=", chat.id).execute();
      read = fixture.store.transaction(({ appends }) =>
        appends.read([{ chat_id: chat.id, sender_id: fixture.alice.id }]),
      );
      await delay(200);
      await change(transaction);
    });
    return memberIds((await read!).chats.get(chat.id)!).sort();
  };

  it("give a message that waits for a commit the members of that commit", async () => {
    const { alice, bob } = fixture;
    const change = (transaction: Kysely<Schema>) =>
      addMember(transaction, { chat_id: chat.id, user_id: bob.id, join_seq: 1 });
    expect(await membersDuring(change)).toEqual([alice.id, bob.id]);
  });

  it("reject a message that waits for the commit that removes its sender", async () => {
    await join(fixture.bob.id, 0);
    const change = (transaction: Kysely<Schema>) =>
      transaction
        .deleteFrom("chat_members")
        .where("chat_id", "=", chat.id)
        .where("user_id", "=", fixture.bob.id)
        .execute();
    expect(await membersDuring(change)).toEqual([fixture.alice.id]);
  });

  it("are removed with their messages when 0010-mls-chats is reverted, and other chats kept", async () => {
    await write(fixture.alice.id, 3);
    await insertMessages(db, { chat_id: fixture.chat.id, sender_id: fixture.bob.id, count: 2 });
    const to = (name: string) =>
      withMigrator(fixture.scratch.config, async (migrator) =>
        resultsOf(await migrator.migrateTo(name)),
      );
    await to("0009-device-logs");
    const rows = async (table: string) =>
      (await sql`select * from ${sql.table(table)}`.execute(db)).rows.length;
    const left = [await rows("chats"), await rows("chat_members"), await rows("messages")];
    await to("0010-mls-chats");
    expect(left).toEqual([1, 2, 2]);
    const { rows: bytes } = await sql`select * from stored_bytes where bytes > 0`.execute(db);
    expect(bytes).toEqual([{ user_id: fixture.bob.id, bytes: 32 }]);
    expect(await fixture.store.chats.find(fixture.chat.id, fixture.bob.id)).toMatchObject({
      suite: null,
      epoch: null,
    });
  });
});
