import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Chat, memberOf } from "../../src/database/members.js";
import type { ReceiptKind } from "../../src/database/message-queries.js";
import type { User } from "../../src/database/schema.js";
import { listMessages, pageMessages } from "../../src/messages/list-messages.js";
import { Sweeper } from "../../src/messages/sweeper.js";
import { messageIn } from "../support.js";
import { onEachDatabase } from "./databases.js";
import { StorageFixture } from "./fixture.js";
import { createChat, createUser } from "./rows.js";
import { storeMessage } from "./store-message.js";

onEachDatabase("reading messages", (dialect) => {
  let fixture: StorageFixture;
  let chat: Chat;
  beforeAll(async () => {
    fixture = await StorageFixture.create(dialect);
  });
  afterAll(() => fixture.remove());

  const write = async (count: number, bytes = 144, sender = fixture.alice) => {
    for (let index = 0; index < count; index++) {
      const message = messageIn(chat.id, sender.id, { content: new Uint8Array(bytes) });
      await storeMessage(fixture.store, message);
    }
  };
  const chatWith = async (auto_delete_hours: number | null = null) => {
    const name = `alice${Math.random().toString(36).slice(2)}`;
    fixture.alice = await createUser(fixture.store, name);
    chat = await createChat(fixture.store, fixture.alice, fixture.bob, auto_delete_hours);
  };
  const page = (window: { after?: number; before?: number; limit?: number }) =>
    pageMessages(fixture.store, fixture.bob.id, {
      ...{ chat_id: chat.id, after: undefined, before: undefined, limit: 100 },
      ...window,
    });
  const pageOf = async (window: { after?: number; before?: number; limit?: number }) => {
    const { messages, has_more } = (await page(window))!;
    return [messages.map(({ seq }) => seq), has_more];
  };
  const watermark = async (kind: ReceiptKind, { id }: User) =>
    memberOf((await fixture.store.chats.find(chat.id, id))!, id)[kind];
  const unread = async () =>
    (await fixture.store.chatsOfMember.find(chat.id, fixture.bob.id))!.unread;
  /** Sets the age of all messages so far to two hours. */
  const expire = async () => {
    const stored_at = Date.now() / 1000 - 7200;
    const db = fixture.database();
    await db.updateTable("messages").set({ stored_at }).where("chat_id", "=", chat.id).execute();
    await db.destroy();
  };

  it("returns pages in both directions, with has_more", async () => {
    await chatWith();
    expect(await pageOf({})).toEqual([[], false]);
    expect(await pageOf({ before: 9 })).toEqual([[], false]);
    await write(10);
    expect(await pageOf({ limit: 4 })).toEqual([[1, 2, 3, 4], true]);
    expect(await pageOf({ after: 4, limit: 6 })).toEqual([[5, 6, 7, 8, 9, 10], false]);
    expect(await pageOf({ after: 10 })).toEqual([[], false]);
    expect(await pageOf({ before: 11, limit: 4 })).toEqual([[7, 8, 9, 10], true]);
    expect(await pageOf({ before: 7, limit: 6 })).toEqual([[1, 2, 3, 4, 5, 6], false]);
    expect(await pageOf({ before: 1 })).toEqual([[], false]);
    expect(await pageOf({ after: 3, before: 9, limit: 3 })).toEqual([[6, 7, 8], true]);
    expect(await pageOf({ after: 3, before: 6, limit: 2 })).toEqual([[4, 5], false]);
    expect(await page({ before: Number.MAX_SAFE_INTEGER })).toMatchObject({ has_more: false });
    const ofNonMember = { chat_id: chat.id, after: undefined, before: undefined, limit: 9 };
    expect(await pageMessages(fixture.store, fixture.carol.id, ofNonMember)).toBeUndefined();
  });

  it("returns pages that fit into a frame, in both directions", async () => {
    await chatWith();
    await write(4, 300_000);
    expect(await pageOf({})).toEqual([[1, 2], true]);
    expect(await pageOf({ after: 2 })).toEqual([[3, 4], false]);
    expect(await pageOf({ before: 5 })).toEqual([[3, 4], true]);
    expect(await pageOf({ before: 3 })).toEqual([[1, 2], false]);
    await write(1, 720_000);
    expect(await pageOf({ after: 4 })).toEqual([[5], false]);
  });

  it("counts unread messages, and never lowers watermarks", async () => {
    const { store, bob, alice } = fixture;
    await chatWith();
    await write(5);
    await write(3, 10, bob);
    expect(await unread()).toBe(5);
    const upTo = (seq: number, user = bob) => ({ chat_id: chat.id, user_id: user.id, seq });
    expect(await watermark("read", bob)).toBe(0);
    expect(await store.messages.raiseWatermark("read", upTo(3))).toBe(true);
    expect(await store.messages.raiseWatermark("read", upTo(3))).toBe(false);
    expect(await store.messages.raiseWatermark("read", upTo(1))).toBe(false);
    expect(await unread()).toBe(2);
    expect(await watermark("read", bob)).toBe(3);
    expect(await watermark("delivered", bob)).toBe(0);
    expect(await store.messages.raiseWatermark("read", upTo(Number.MAX_SAFE_INTEGER))).toBe(true);
    expect(await watermark("read", bob)).toBe(8);
    expect(await store.messages.raiseWatermark("delivered", upTo(8, fixture.alice))).toBe(true);
    expect(await watermark("delivered", fixture.alice)).toBe(8);
    expect(await store.messages.raiseWatermark("read", upTo(8, alice))).toBe(false);
    expect(await unread()).toBe(0);
  });

  it("skips expired messages in lists and counts, without a gap, before and after their deletion", async () => {
    await chatWith(1);
    await write(4);
    await expire();
    await write(2);
    const resume = { chat_id: chat.id, after: 0, limit: 100 };
    const expectHidden = async () => {
      expect(await unread()).toBe(2);
      const list = (await listMessages(fixture.store, fixture.bob.id, resume))!;
      expect(list).toMatchObject({ after: 0, through: 6, has_more: false });
      expect(list.messages.map(({ seq }) => seq)).toEqual([5, 6]);
      expect(await pageOf({ before: 6 })).toEqual([[5], false]);
      const first = (await listMessages(fixture.store, fixture.bob.id, { ...resume, limit: 1 }))!;
      expect(first).toMatchObject({ through: 5, has_more: true });
    };
    await expectHidden();
    const deleted = await fixture.store.messages.deleteExpired(chat.id, {
      until: Date.now() / 1000 - 3600,
      limit: 100,
    });
    expect(deleted).toBe(4);
    await expectHidden();
  });

  it("resumes to the end of a chat in which all messages are expired", async () => {
    await chatWith(1);
    await write(3);
    await expire();
    const resume = { chat_id: chat.id, after: 0, limit: 1 };
    const list = await listMessages(fixture.store, fixture.bob.id, resume);
    expect(list).toMatchObject({ messages: [], through: 3, has_more: false });
    await fixture.store.messages.raiseWatermark("read", {
      chat_id: chat.id,
      user_id: fixture.bob.id,
      seq: 2,
    });
    await fixture.store.messages.deleteExpired(chat.id, {
      until: Date.now() / 1000 - 3600,
      limit: 100,
    });
    expect(await watermark("read", fixture.bob)).toBe(2);
    await fixture.store.messages.raiseWatermark("read", {
      chat_id: chat.id,
      user_id: fixture.bob.id,
      seq: 3,
    });
    expect(await watermark("read", fixture.bob)).toBe(3);
  });

  it("deletes each expired message once with two sweepers", async () => {
    await chatWith(1);
    await Promise.all(Array.from({ length: 10 }, () => write(110)));
    await expire();
    await write(1);
    const id = Buffer.alloc(16, 1);
    const session = { id, user_id: fixture.bob.id, created_at: 1, expires_at: 2, refresh_id: id };
    await fixture.store.sessions.create(session);
    const sweepers = [fixture.store, fixture.open()].map(
      (store) => new Sweeper(store, pino({ level: "silent" })),
    );
    const counts = await Promise.all(sweepers.map((sweeper) => sweeper.sweep()));
    expect(counts[0]! + counts[1]!).toBe(1100);
    expect(await fixture.store.sessions.find(id)).toBeUndefined();
    expect(await pageOf({})).toEqual([[1101], false]);
    await sweepers[0]!.stop();
    expect(await sweepers[0]!.sweep()).toBe(0);
  });
});
