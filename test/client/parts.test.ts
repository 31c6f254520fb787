import { describe, expect, it } from "vitest";
import { Delivered } from "../../src/client/delivered.js";
import { KnownReceipts } from "../../src/client/receipts.js";
import { counting } from "../support/hex.js";
import { ALICE, BOB, CHAT, OTHER_CHAT } from "./fixture.js";

describe("Delivered", () => {
  const message = (seq: number | undefined, chat_id = CHAT) => ({
    ...{ chat_id, sender_id: ALICE, timestamp: 1 },
    ...{ content: counting(9), nonce: counting(12) },
    ...(seq !== undefined && { seq }),
  });

  it("returns the messages of a chat that a cursor covers, once", () => {
    const delivered = new Delivered();
    // The message 5 was acknowledged before those between are there.
    const all = [message(1), message(5), message(2), message(undefined), message(1, OTHER_CHAT)];
    for (const one of all) delivered.add(one);
    expect(delivered.take(CHAT, 2)).toEqual([message(1), message(2), message(undefined)]);
    expect(delivered.take(CHAT, 4)).toEqual([]);
    expect(delivered.take(CHAT, 5)).toEqual([message(5)]);
    expect(delivered.take(CHAT, 9)).toEqual([]);
    expect(delivered.take(OTHER_CHAT, 9)).toEqual([message(1, OTHER_CHAT)]);
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
