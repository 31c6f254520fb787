import { randomBytes } from "node:crypto";
import { Kysely, type LogEvent } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import { dialectOf } from "../../src/database/open-database.js";
import type { Schema } from "../../src/database/schema.js";
import { Store } from "../../src/database/store.js";
import { storeMessages } from "../../src/messages/store-messages.js";
import { messageIn } from "../support.js";
import { onEachDatabase } from "./databases.js";
import { StorageFixture } from "./fixture.js";
import { createChat, createUser } from "./rows.js";
import { storeMessage } from "./store-message.js";

const HOUR = 3600;

onEachDatabase("storing messages", (dialect) => {
  let fixture: StorageFixture;
  beforeAll(async () => {
    fixture = await StorageFixture.create(dialect);
  });
  afterAll(() => fixture.remove());

  const fromAlice = () => messageIn(fixture.chat.id, fixture.alice.id);
  const lastSeq = async () =>
    (await fixture.store.chats.find(fixture.chat.id, fixture.bob.id))!.last_seq;
  const storedAfter = async (after: number) => {
    const page = { after, limit: 1000, stored_after: 0 };
    return (await fixture.store.messagePages.read(fixture.chat.id, page)).messages;
  };
  const storedSeqs = async (after: number) => (await storedAfter(after)).map(({ seq }) => seq);
  const from = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);

  it.each([1, 64])("takes the same statements for %i messages", async (count) => {
    const statements: string[] = [];
    const log = ({ query }: LogEvent) => void statements.push(query.sql);
    const db = new Kysely<Schema>({ dialect: dialectOf(fixture.scratch.config), log });
    const store = new Store(db);
    fixture.stores.push(store);
    await storeMessages(store, Array.from({ length: count }, fromAlice));
    const expected = dialect === "sqlite" ? ["select", "update", "insert"] : ["with", "with"];
    expect(statements.map((one) => one.split(" ")[0])).toEqual(expected);
  });

  it("assigns each seq once and without gaps, with two simultaneous instances", async () => {
    const before = await lastSeq();
    const elsewhere = fixture.open();
    const acks = await Promise.all(
      from(0, 60).map((index) =>
        storeMessage(
          index % 2 ? fixture.store : elsewhere,
          messageIn(fixture.chat.id, index % 3 ? fixture.alice.id : fixture.bob.id),
        ),
      ),
    );
    const seqs = acks.map(({ stored }) => stored.seq).sort((a, b) => a - b);
    expect(seqs).toEqual(from(before + 1, 60));
    expect(await storedSeqs(before)).toEqual(seqs);
    expect(await lastSeq()).toBe(before + 60);
  });

  it("returns stored messages unchanged", async () => {
    const message = { ...fromAlice(), timestamp: 1_795_000_000.123_456 };
    const { stored, isNew } = await storeMessage(fixture.store, message);
    const [row] = await storedAfter(stored.seq - 1);
    const { chat_id, sender_id, client_id, timestamp } = message;
    expect(isNew).toBe(true);
    expect(row).toMatchObject({ chat_id, sender_id, client_id, timestamp });
    expect(row).toMatchObject({ id: stored.id, seq: stored.seq, stored_at: stored.stored_at });
    expect(Buffer.from(row!.encrypted_content)).toEqual(Buffer.from(message.content));
    expect(Buffer.from(row!.nonce)).toEqual(Buffer.from(message.nonce));
    expect(row!.encrypted_content).toBeInstanceOf(Uint8Array);
  });

  it("acknowledges a repeated message as before, simultaneously and later, without a new seq", async () => {
    const before = await lastSeq();
    const elsewhere = fixture.open();
    const message = fromAlice();
    const acks = await Promise.all(
      from(0, 12).map((index) => storeMessage(index % 2 ? fixture.store : elsewhere, message)),
    );
    acks.push(await storeMessage(fixture.store, { ...message }));
    expect(acks.filter(({ isNew }) => isNew)).toHaveLength(1);
    for (const { stored, chat } of acks) {
      const { id, seq, stored_at } = acks[0]!.stored;
      expect(stored).toMatchObject({ id, seq, stored_at });
      expect(chat.id).toBe(fixture.chat.id);
    }
    expect(await lastSeq()).toBe(before + 1);
  });

  it("rejects another message with the same client id, also after the first was deleted", async () => {
    const chat = await createChat(fixture.store, fixture.bob, fixture.carol, 1);
    const message = messageIn(chat.id, fixture.carol.id);
    const { stored } = await storeMessage(fixture.store, message);
    const other = { ...message, content: new Uint8Array(randomBytes(144)) };
    const rejection = { status: 409, code: "ERR_CLIENT_ID_REUSED" };
    await expect(storeMessage(fixture.store, other)).rejects.toMatchObject(rejection);
    const until = Date.now() / 1000 + HOUR;
    expect(await fixture.store.messages.deleteExpired(chat.id, { until, limit: 10 })).toBe(1);
    await expect(storeMessage(fixture.store, other)).rejects.toMatchObject(rejection);
    const again = await storeMessage(fixture.store, message);
    expect(again).toMatchObject({ isNew: false, stored: { id: stored.id, seq: stored.seq } });
    const ofOtherSender = await storeMessage(fixture.store, {
      ...message,
      sender_id: fixture.bob.id,
    });
    expect(ofOtherSender.isNew).toBe(true);
  });

  it("stores each message without client id as a new one", async () => {
    const { client_id: _, ...message } = fromAlice();
    const first = await storeMessage(fixture.store, message);
    const second = await storeMessage(fixture.store, message);
    expect(second.stored.seq).toBe(first.stored.seq + 1);
  });

  it("rejects messages of non-members and for unknown chats", async () => {
    const before = await lastSeq();
    const rejected = [
      messageIn(fixture.chat.id, fixture.carol.id),
      messageIn(fixture.chat.id, Number.MAX_SAFE_INTEGER),
      messageIn(Number.MAX_SAFE_INTEGER, fixture.alice.id),
    ];
    for (const message of rejected) {
      await expect(storeMessage(fixture.store, message)).rejects.toMatchObject({
        code: "ERR_FORBIDDEN",
      });
    }
    expect(await lastSeq()).toBe(before);
  });

  it("keeps other messages if one fails", async () => {
    const before = await lastSeq();
    const broken = { ...fromAlice(), timestamp: Number.NaN };
    const outcomes = await Promise.allSettled([
      storeMessage(fixture.store, fromAlice()),
      storeMessage(fixture.store, messageIn(fixture.chat.id, fixture.carol.id)),
      storeMessage(fixture.store, fromAlice()),
      fixture.store.transaction(async (inside) => {
        await storeMessage(inside, fromAlice());
        throw new Error("rolled back");
      }),
      storeMessage(fixture.store, fromAlice()),
      storeMessage(fixture.store, broken),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual([
      ...["fulfilled", "rejected", "fulfilled", "rejected", "fulfilled", "rejected"],
    ]);
    expect(await storedSeqs(before)).toEqual(from(before + 1, 3));
    expect(await lastSeq()).toBe(before + 3);
  });

  it("takes part in the transaction of the caller", async () => {
    const before = await lastSeq();
    const failing = fixture.store.transaction(async (inside) => {
      await storeMessage(inside, fromAlice());
      await createUser(inside, "dave");
      const taken = await createUser(inside, "alice");
      expect(taken).toBeUndefined();
      await storeMessage(inside, fromAlice());
      throw new Error("rolled back");
    });
    await expect(failing).rejects.toThrow("rolled back");
    expect(await lastSeq()).toBe(before);
    expect(await fixture.store.users.listByKeys(["dave"])).toEqual([]);
    await fixture.store.transaction(async (inside) => {
      const message = fromAlice();
      await storeMessage(inside, message);
      expect((await storeMessage(inside, message)).isNew).toBe(false);
    });
    expect(await storedSeqs(before)).toEqual([before + 1]);
  });
});
