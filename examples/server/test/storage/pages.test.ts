import { Kysely, type KyselyPlugin } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Chat } from "../../src/database/members.js";
import { dialectOf } from "../../src/database/open-database.js";
import type { Schema } from "../../src/database/schema.js";
import { Store } from "../../src/database/store.js";
import { listMessages, pageMessages } from "../../src/messages/list-messages.js";
import { onEachDatabase } from "./databases.js";
import { StorageFixture } from "./fixture.js";
import { insertMessages } from "./many-messages.js";
import { createChat, createUser } from "./rows.js";

const HOUR = 3600;

/** Counts queries, rows, and bytes of contents that a database returns. */
class ResultCounter implements KyselyPlugin {
  rows = 0;
  bytes = 0;
  queries = 0;
  readonly transformQuery: KyselyPlugin["transformQuery"] = ({ node }) => node;
  readonly transformResult: KyselyPlugin["transformResult"] = async ({ result }) => {
    this.queries += 1;
    this.rows += result.rows.length;
    for (const { encrypted_content } of result.rows) {
      if (encrypted_content instanceof Uint8Array) this.bytes += encrypted_content.length;
    }
    return result;
  };
}

onEachDatabase("a page of a long chat", (dialect) => {
  let fixture: StorageFixture;
  let db: Kysely<Schema>;
  let counter: ResultCounter;
  let store: Store;
  beforeAll(async () => {
    fixture = await StorageFixture.create(dialect);
    db = new Kysely({ dialect: dialectOf(fixture.scratch.config) });
  });
  afterAll(async () => {
    await db.destroy();
    await fixture.remove();
  });

  let chats = 0;
  /** Creates a chat with `auto_delete_hours` 1, and deleted, expired and remaining messages. `remaining` has their lengths. */
  async function chatWith(counts: { deleted?: number; expired?: number; remaining: number[] }) {
    const peer = await createUser(fixture.store, `peer${++chats}`);
    const chat = await createChat(fixture.store, fixture.alice, peer, 1);
    const to = { chat_id: chat.id, sender_id: fixture.alice.id };
    const stored_at = Date.now() / 1000 - 2 * HOUR;
    const { deleted = 0, expired = 0, remaining } = counts;
    if (deleted > 0) await insertMessages(db, { ...to, stored_at, count: deleted, bytes: null });
    if (expired > 0) await insertMessages(db, { ...to, stored_at, count: expired });
    for (const bytes of remaining) await insertMessages(db, { ...to, count: 1, bytes });
    counter = new ResultCounter();
    store = new Store(db.withPlugin(counter));
    return chat;
  }
  const resume = async ({ id }: Chat, after: number, limit: number) => {
    const list = (await listMessages(store, fixture.alice.id, { chat_id: id, after, limit }))!;
    return { ...list, messages: list.messages.map(({ seq }) => seq) };
  };
  const before = async ({ id }: Chat, seq: number, limit: number) => {
    const page = { chat_id: id, after: undefined, before: seq, limit };
    const list = (await pageMessages(store, fixture.alice.id, page))!;
    return { ...list, messages: list.messages.map(({ seq }) => seq) };
  };

  it("skips 100,000 deleted messages with few queries, in both directions", async () => {
    const chat = await chatWith({ deleted: 100_000, remaining: [16, 16] });
    expect(await resume(chat, 0, 1)).toMatchObject({ messages: [100_001], has_more: true });
    expect(await before(chat, 100_002, 9)).toMatchObject({ messages: [100_001], has_more: false });
    expect(await before(chat, 100_001, 9)).toMatchObject({ messages: [], has_more: false });
    expect(counter.queries).toBeLessThanOrEqual(12);
  });

  it("skips expired messages that are not deleted yet, without blocking the event loop", async () => {
    const chat = await chatWith({ expired: 65_000, remaining: [16, 16, 16] });
    let iterations = 0;
    let isOver = false;
    const count = () => {
      iterations += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    const first = await resume(chat, 0, 2);
    const iterationsOfFirst = iterations;
    expect(first).toMatchObject({ messages: [65_001, 65_002], has_more: true });
    expect(iterationsOfFirst).toBeGreaterThanOrEqual(3);
    iterations = 0;
    const last = { messages: [65_001, 65_002], has_more: false };
    expect(await before(chat, 65_003, 9)).toMatchObject(last);
    expect(iterations).toBeGreaterThanOrEqual(3);
    isOver = true;
  });

  it("reads at most the contents that fit into a frame, and at least one", async () => {
    const chat = await chatWith({ remaining: Array.from({ length: 30 }, () => 100_000) });
    const found = await resume(chat, 0, 30);
    expect(found).toMatchObject({ messages: [1, 2, 3, 4, 5, 6, 7], through: 7, has_more: true });
    expect(counter.bytes).toBeLessThanOrEqual(1024 * 1024);
    counter.bytes = 0;
    expect(await before(chat, 31, 30)).toMatchObject({ has_more: true });
    expect(counter.bytes).toBeLessThanOrEqual(1024 * 1024);
    const large = await chatWith({ remaining: [720_000, 720_000] });
    expect(await resume(large, 0, 9)).toMatchObject({ messages: [1], has_more: true });
    expect(await resume(large, 1, 9)).toMatchObject({ messages: [2], has_more: false });
    const pages = await pageMessages(store, fixture.alice.id, {
      ...{ chat_id: large.id, after: undefined, before: 3, limit: 9 },
    });
    expect(pages).toMatchObject({ messages: [{ seq: 2 }], has_more: true });
  });
});
