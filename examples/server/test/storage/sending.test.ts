import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { storeMessage } from "../../src/messages/store-message.js";
import { messageIn } from "../support.js";
import { onEachDatabase } from "./databases.js";
import { createChat, createUser } from "./rows.js";
import { Stage } from "./stage.js";

const HOUR = 3600;

onEachDatabase("alice and bob write", (dialect) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.set(dialect);
  });
  afterAll(() => stage.clear());

  const fromAlice = () => messageIn(stage.chat.id, stage.alice.id);
  const lastSeq = async () => (await stage.store.findChat(stage.chat.id, stage.bob.id))!.last_seq;
  const storedSeqs = async (after: number) =>
    (await stage.store.listMessages(stage.chat.id, { after, limit: 1000, now: 0 })).map(
      ({ seq }) => seq,
    );
  const from = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);

  it("at the same time, by two instances, and no seq is missing or given twice", async () => {
    const before = await lastSeq();
    const elsewhere = stage.open();
    const acks = await Promise.all(
      from(0, 60).map((index) =>
        storeMessage(
          index % 2 ? stage.store : elsewhere,
          messageIn(stage.chat.id, index % 3 ? stage.alice.id : stage.bob.id),
        ),
      ),
    );
    const seqs = acks.map(({ stored }) => stored.seq).sort((a, b) => a - b);
    expect(seqs).toEqual(from(before + 1, 60));
    expect(await storedSeqs(before)).toEqual(seqs);
    expect(await lastSeq()).toBe(before + 60);
  });

  it("and what comes back is what was written, byte by byte", async () => {
    const message = { ...fromAlice(), timestamp: 1_795_000_000.123_456 };
    const { stored, isNew } = await storeMessage(stage.store, message);
    const [row] = await stage.store.listMessages(stage.chat.id, {
      after: stored.seq - 1,
      limit: 1,
      now: 0,
    });
    const { chat_id, sender_id, client_id, timestamp } = message;
    expect(isNew).toBe(true);
    expect(row).toMatchObject({ chat_id, sender_id, client_id, timestamp, is_read: 0 });
    expect(row).toMatchObject({ id: stored.id, seq: stored.seq, stored_at: stored.stored_at });
    expect(Buffer.from(row!.encrypted_content)).toEqual(Buffer.from(message.content));
    expect(Buffer.from(row!.nonce)).toEqual(Buffer.from(message.nonce));
    expect(row!.encrypted_content).toBeInstanceOf(Uint8Array);
  });

  it("the same again, at once and later, which is the first one's ack and takes no seq", async () => {
    const before = await lastSeq();
    const elsewhere = stage.open();
    const message = fromAlice();
    const acks = await Promise.all(
      from(0, 12).map((index) => storeMessage(index % 2 ? stage.store : elsewhere, message)),
    );
    acks.push(await storeMessage(stage.store, { ...message }));
    expect(acks.filter(({ isNew }) => isNew)).toHaveLength(1);
    for (const { stored, chat } of acks) {
      const { id, seq, stored_at } = acks[0]!.stored;
      expect(stored).toMatchObject({ id, seq, stored_at });
      expect(chat.id).toBe(stage.chat.id);
    }
    expect(await lastSeq()).toBe(before + 1);
  });

  it("another message under the same client id, which is refused, also when the first is deleted", async () => {
    const chat = await createChat(stage.store, stage.bob, stage.carol, 1);
    const message = messageIn(chat.id, stage.carol.id);
    const { stored } = await storeMessage(stage.store, message);
    const other = { ...message, content: new Uint8Array(randomBytes(144)) };
    const refused = { status: 409, code: "ERR_CLIENT_ID_REUSED" };
    await expect(storeMessage(stage.store, other)).rejects.toMatchObject(refused);
    const now = Date.now() / 1000 + 2 * HOUR;
    expect(await stage.store.deleteExpired({ now, limit: 10 })).toBe(1);
    await expect(storeMessage(stage.store, other)).rejects.toMatchObject(refused);
    const again = await storeMessage(stage.store, message);
    expect(again).toMatchObject({ isNew: false, stored: { id: stored.id, seq: stored.seq } });
    const mine = await storeMessage(stage.store, { ...message, sender_id: stage.bob.id });
    expect(mine.isNew).toBe(true);
  });

  it("without a client id, and each time is a new message", async () => {
    const { client_id: _, ...message } = fromAlice();
    const first = await storeMessage(stage.store, message);
    const second = await storeMessage(stage.store, message);
    expect(second.stored.seq).toBe(first.stored.seq + 1);
  });

  it("and carol may not, nor anybody where there is no chat", async () => {
    const before = await lastSeq();
    const strangers = [
      messageIn(stage.chat.id, stage.carol.id),
      messageIn(stage.chat.id, Number.MAX_SAFE_INTEGER),
      messageIn(Number.MAX_SAFE_INTEGER, stage.alice.id),
    ];
    for (const message of strangers) {
      await expect(storeMessage(stage.store, message)).rejects.toMatchObject({
        code: "ERR_FORBIDDEN",
      });
    }
    expect(await lastSeq()).toBe(before);
  });

  it("and one that fails takes nothing of the others along", async () => {
    const before = await lastSeq();
    const broken = { ...fromAlice(), timestamp: Number.NaN };
    const outcomes = await Promise.allSettled([
      storeMessage(stage.store, fromAlice()),
      storeMessage(stage.store, messageIn(stage.chat.id, stage.carol.id)),
      storeMessage(stage.store, fromAlice()),
      stage.store.transaction(async (inside) => {
        await inside.takeSeq({ chat_id: stage.chat.id, sender_id: stage.alice.id });
        throw new Error("changed my mind");
      }),
      storeMessage(stage.store, fromAlice()),
      storeMessage(stage.store, broken),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual([
      ...["fulfilled", "rejected", "fulfilled", "rejected", "fulfilled", "rejected"],
    ]);
    expect(await storedSeqs(before)).toEqual(from(before + 1, 3));
    expect(await lastSeq()).toBe(before + 3);
  });

  it("all in a caller's transaction, or not at all", async () => {
    const before = await lastSeq();
    const failing = stage.store.transaction(async (inside) => {
      await storeMessage(inside, fromAlice());
      await createUser(inside, "dave");
      const taken = await createUser(inside, "alice");
      expect(taken).toBeUndefined();
      await storeMessage(inside, fromAlice());
      throw new Error("changed my mind");
    });
    await expect(failing).rejects.toThrow("changed my mind");
    expect(await lastSeq()).toBe(before);
    expect(await stage.store.findUserByKey("dave")).toBeUndefined();
    await stage.store.transaction(async (inside) => {
      const message = fromAlice();
      await storeMessage(inside, message);
      expect((await storeMessage(inside, message)).isNew).toBe(false);
    });
    expect(await storedSeqs(before)).toEqual([before + 1]);
  });

  it("in a chat that deletes by itself, and each message has its hour", async () => {
    const chat = await createChat(stage.store, stage.alice, stage.carol, 24);
    const { stored } = await storeMessage(stage.store, messageIn(chat.id, stage.alice.id));
    const [row] = await stage.store.listMessages(chat.id, { limit: 1, now: 0 });
    expect(row!.delete_at).toBe(stored.stored_at + 24 * HOUR);
    await stage.store.configureChat(chat.id, { auto_delete_hours: null });
    await storeMessage(stage.store, messageIn(chat.id, stage.alice.id));
    const [, later] = await stage.store.listMessages(chat.id, { limit: 2, now: 0 });
    expect(later!.delete_at).toBeNull();
  });
});
