import { describe, expect, it, vi } from "vitest";
import { Delivered } from "../../src/client/delivered.js";
import { KnownReceipts } from "../../src/client/receipts.js";
import { StoreWrites } from "../../src/client/store-writes.js";
import { counting } from "../support/hex.js";
import { ALICE, BOB, CHAT, OTHER_CHAT } from "./fixture.js";

describe("Delivered", () => {
  const message = (seq: number | undefined, chat_id = CHAT) => ({
    ...{ chat_id, sender_id: ALICE, timestamp: 1 },
    ...{ content: counting(9), nonce: counting(12) },
    ...(seq !== undefined && { seq }),
  });

  it("returns the messages of a chat that a cursor covers, once, and none without a seq", () => {
    const delivered = new Delivered();
    // The message 5 was acknowledged before those between are there.
    const all = [message(1), message(5), message(2), message(undefined), message(1, OTHER_CHAT)];
    for (const one of all) delivered.add(one);
    const take = (from: number, to: number, chat = CHAT) => delivered.take(chat, { from, to });
    expect(take(0, 2)).toEqual([message(1), message(2)]);
    expect(take(2, 4)).toEqual([]);
    expect(take(4, 5)).toEqual([message(5)]);
    expect(take(5, 9)).toEqual([]);
    expect(take(0, 9, OTHER_CHAT)).toEqual([message(1, OTHER_CHAT)]);
  });
});

describe("KnownReceipts", () => {
  const receipt = (event_type: "read" | "delivered" | "typing", seq: number) => ({
    ...{ event_type, user_id: BOB, chat_id: CHAT, timestamp: 1, seq },
  });

  it("keeps the highest seq, and counts a read message as delivered", () => {
    const known = new KnownReceipts();
    for (const one of [receipt("delivered", 3), receipt("delivered", 2), receipt("typing", 9)])
      known.note(one);
    expect([...known.of(CHAT)]).toEqual([[BOB, { delivered: 3, read: 0 }]]);
    known.note(receipt("read", 4));
    expect([...known.of(CHAT)]).toEqual([[BOB, { delivered: 4, read: 4 }]]);
    known.note(receipt("read", 1));
    expect([...known.of(CHAT)]).toEqual([[BOB, { delivered: 4, read: 4 }]]);
    expect([...known.of(OTHER_CHAT)]).toEqual([]);
  });

  it("knows at most 100,000 users of all chats", () => {
    const known = new KnownReceipts();
    const note = (user_id: number, chat_id: number, seq: number) =>
      known.note({ ...receipt("read", seq), user_id, chat_id });
    for (let user = 1; user <= 50_000; user++) for (const chat of [1, 2]) note(user, chat, 1);
    for (const chat of [1, 2, 3]) note(50_001, chat, 1);
    expect([1, 2, 3].map((chat) => known.of(chat).size)).toEqual([50_000, 50_000, 0]);
    note(50_000, 2, 9);
    expect(known.of(2).get(50_000)!.read).toBe(9);
  });

  it("lowers the watermarks when the server has fewer messages", () => {
    const known = new KnownReceipts();
    known.note(receipt("read", 2));
    known.note(receipt("delivered", 5));
    known.rewind(CHAT, 3);
    expect([...known.of(CHAT)]).toEqual([[BOB, { delivered: 3, read: 2 }]]);
    known.rewind(CHAT, 1);
    expect([...known.of(CHAT)]).toEqual([[BOB, { delivered: 1, read: 1 }]]);
    known.rewind(OTHER_CHAT, 1);
  });
});

describe("StoreWrites", () => {
  it("repeats a failed write after 5 seconds, also if others fail meanwhile", async () => {
    vi.useFakeTimers();
    const writes = new StoreWrites(() => {});
    const failing = vi.fn().mockRejectedValue(new Error("the file is damaged"));
    const write = vi.fn().mockRejectedValueOnce(new Error("the disk is full"));
    await writes.add("1", write);
    for (const seconds of [2, 2, 0.9]) {
      await vi.advanceTimersByTimeAsync(seconds * 1000);
      await writes.add("2", failing);
      expect(write).toHaveBeenCalledTimes(1);
    }
    await vi.advanceTimersByTimeAsync(100);
    expect(write).toHaveBeenCalledTimes(2);
    const before = failing.mock.calls.length;
    await vi.advanceTimersByTimeAsync(5000);
    expect(failing).toHaveBeenCalledTimes(before + 1);
    await writes.stop();
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });
});
