import { describe, expect, it } from "vitest";
import { type MessageStore, memoryStore, RejectionError } from "../../src/server/index.js";
import { ALICE, BOB, CHAT } from "../session/fixture.js";
import { NOW } from "../support/examples.js";
import { fromAlice, members, storeOfChat } from "./test-client.js";

const CAROL = 9;
const query = { chat_id: CHAT, after: 0, limit: 100, maxBytes: 1_000_000 };

function codeOf(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    if (error instanceof RejectionError) return error.code;
    throw error;
  }
}

const seqsOf = async (store: MessageStore, more = {}) =>
  (await store.list(BOB, { ...query, ...more }))!.messages.map(({ seq }) => seq);

describe("memoryStore", () => {
  it("gives each message the chat's next seq, and a repeated one the same", () => {
    const store = storeOfChat();
    const add = (number: number, fields = {}) => store.add(fromAlice(number, fields));
    expect([add(1), add(2), add(1), add(3)]).toMatchObject([
      { seq: 1, message_id: 1, stored_at: NOW, isNew: true },
      { seq: 2, message_id: 2, isNew: true },
      { seq: 1, message_id: 1, stored_at: NOW, isNew: false },
      { seq: 3, message_id: 3, isNew: true },
    ]);
    expect(codeOf(() => add(1, { content: new Uint8Array(99) }))).toBe("ERR_CLIENT_ID_REUSED");
    expect(add(4)).toMatchObject({ seq: 4 });
  });

  it("stores messages of two senders with the same client id, and messages without one", () => {
    const store = storeOfChat();
    const { client_id: _, ...without } = fromAlice(1);
    const all = [fromAlice(1), fromAlice(1, { sender_id: BOB }), without, without];
    expect(all.map((one) => store.add(one))).toMatchObject([1, 2, 3, 4].map((seq) => ({ seq })));
  });

  it("lists at most `limit` messages and `maxBytes` of content, but at least one", async () => {
    const store = storeOfChat();
    for (const number of [1, 2, 3]) store.add(fromAlice(number, { content: new Uint8Array(10) }));
    expect(await seqsOf(store)).toEqual([1, 2, 3]);
    expect(await seqsOf(store, { after: 1 })).toEqual([2, 3]);
    expect(await seqsOf(store, { limit: 2 })).toEqual([1, 2]);
    expect(await seqsOf(store, { maxBytes: 20 })).toEqual([1, 2]);
    expect(await seqsOf(store, { maxBytes: 19 })).toEqual([1]);
    expect(await seqsOf(store, { maxBytes: 0 })).toEqual([1]);
  });

  it("raises receipts, and never lowers them", async () => {
    const store = storeOfChat();
    const receipt = { event_type: "read", user_id: BOB, chat_id: CHAT } as const;
    expect([2, 2, 1, 3].map((seq) => store.addReceipt({ ...receipt, seq }))).toEqual([
      ...[true, false, false, true],
    ]);
    expect((await store.findChat(ALICE, CHAT))!.receipts).toEqual([{ ...receipt, seq: 3 }]);
  });

  it("shows nothing of a chat to users who are not members", () => {
    const store = storeOfChat();
    store.add(fromAlice(1));
    expect(store.list(CAROL, query)).toBeUndefined();
    expect(store.findChat(CAROL, CHAT)).toBeUndefined();
    expect(store.findChat(ALICE, CHAT + 1)).toBeUndefined();
    expect(codeOf(() => store.add(fromAlice(2, { sender_id: CAROL })))).toBe("ERR_FORBIDDEN");
    const receipt = { event_type: "read", user_id: CAROL, chat_id: CHAT, seq: 1 } as const;
    expect(codeOf(() => store.addReceipt(receipt))).toBe("ERR_FORBIDDEN");
  });

  it("stores `maxBytes`, each message as 1 KiB more than its content", () => {
    const add = (maxBytes: number) => {
      const store = memoryStore({ members, maxBytes });
      store.add(fromAlice(1, { content: new Uint8Array(100) }));
      return codeOf(() => store.add(fromAlice(2, { content: new Uint8Array(100) })));
    };
    expect([add(2248), add(2247)]).toEqual([undefined, "ERR_QUOTA_EXCEEDED"]);
  });
});
