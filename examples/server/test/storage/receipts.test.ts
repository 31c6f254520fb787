import { type Kysely, sql } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import { MAX_UNREAD } from "../../src/database/chats-of-member.js";
import { type Chat, memberOf } from "../../src/database/members.js";
import type { Schema, User } from "../../src/database/schema.js";
import { messageIn } from "../support.js";
import { onEachDatabase } from "./databases.js";
import { StorageFixture } from "./fixture.js";
import { insertMessages } from "./many-messages.js";
import { createChat, createUser } from "./rows.js";
import { storeMessage } from "./store-message.js";
import { withoutUpdatesOf } from "./triggers.js";

onEachDatabase("receipts", (dialect) => {
  let fixture: StorageFixture;
  let db: Kysely<Schema>;
  beforeAll(async () => {
    fixture = await StorageFixture.create(dialect);
    db = fixture.database();
  });
  afterAll(async () => {
    await db.destroy();
    await fixture.remove();
  });

  let chats = 0;
  async function chatWithMessages(count: number, sender = fixture.alice): Promise<[Chat, User]> {
    const peer = await createUser(fixture.store, `peer${++chats}`);
    const chat = await createChat(fixture.store, sender, peer);
    await insertMessages(db, { chat_id: chat.id, sender_id: sender.id, count });
    return [chat, peer];
  }
  const chatOf = async (chat: Chat, user: User) =>
    (await fixture.store.chatsOfMember.find(chat.id, user.id))!;
  const unread = async (chat: Chat, user: User) => (await chatOf(chat, user)).unread;

  it.each(["read", "delivered"] as const)("do not update message rows: %s", async (kind) => {
    const [chat, peer] = await chatWithMessages(100);
    await withoutUpdatesOf("messages", "true", db, async () => {
      const upTo = { chat_id: chat.id, user_id: peer.id, seq: 100 };
      expect(await fixture.store.messages.raiseWatermark(kind, upTo)).toBe(true);
      expect(await fixture.store.messages.raiseWatermark(kind, upTo)).toBe(false);
    });
    const row = (await fixture.store.chats.find(chat.id, peer.id))!;
    const none = { read: 0, delivered: 0 };
    expect(memberOf(row, fixture.alice.id)).toMatchObject(none);
    expect(memberOf(row, peer.id)).toMatchObject({ ...none, [kind]: 100 });
  });

  it("are limited to the last seq and to members", async () => {
    const [chat, peer] = await chatWithMessages(3);
    const seq = Number.MAX_SAFE_INTEGER;
    const raise = (user_id: number) =>
      fixture.store.messages.raiseWatermark("read", { chat_id: chat.id, user_id, seq });
    expect(await raise(fixture.carol.id)).toBe(false);
    expect(await raise(peer.id)).toBe(true);
    await storeMessage(fixture.store, messageIn(chat.id, fixture.alice.id));
    expect(await unread(chat, peer)).toBe(1);
  });

  it("never decrease with two simultaneous instances", async () => {
    const [chat, peer] = await chatWithMessages(40);
    const elsewhere = fixture.open();
    const seqs = Array.from({ length: 40 }, (_, at) => ((at * 7) % 40) + 1);
    await Promise.all(
      seqs.map((seq, at) =>
        (at % 2 ? fixture.store : elsewhere).messages.raiseWatermark("read", {
          ...{ chat_id: chat.id, user_id: peer.id, seq },
        }),
      ),
    );
    expect(await unread(chat, peer)).toBe(0);
    expect(memberOf(await chatOf(chat, peer), peer.id).read).toBe(40);
  });

  it("leave later undeleted messages of the other member unread", async () => {
    const [chat, peer] = await chatWithMessages(5);
    await storeMessage(fixture.store, messageIn(chat.id, peer.id));
    await storeMessage(fixture.store, messageIn(chat.id, fixture.alice.id));
    await db
      .updateTable("messages")
      .set({ encrypted_content: null })
      .where("chat_id", "=", chat.id)
      .where("seq", "in", [1, 4])
      .execute();
    expect(await unread(chat, peer)).toBe(4);
    expect(await unread(chat, fixture.alice)).toBe(1);
    await fixture.store.messages.raiseWatermark("read", {
      chat_id: chat.id,
      user_id: peer.id,
      seq: 4,
    });
    expect(await unread(chat, peer)).toBe(2);
  });

  it.each([-1, 0, 1])("count at most 1,000 unread messages, of 1,000 and %d", async (more) => {
    const [chat, peer] = await chatWithMessages(MAX_UNREAD + more);
    expect(await unread(chat, peer)).toBe(Math.min(MAX_UNREAD, MAX_UNREAD + more));
    const [listed] = await fixture.store.chatsOfMember.list(peer.id, { limit: 10, offset: 0 });
    expect(listed!.unread).toBe(Math.min(MAX_UNREAD, MAX_UNREAD + more));
  });

  it("count unexpired messages after more than 1,000 expired ones", async () => {
    const [chat, peer] = await chatWithMessages(2000);
    await sql`update messages set stored_at = 1 where chat_id = ${chat.id} and seq <= 1990`.execute(
      db,
    );
    await fixture.store.chats.setAutoDelete(chat.id, { hours: 1, user_id: peer.id, now: 7200 });
    expect(await unread(chat, peer)).toBe(10);
  });
});
