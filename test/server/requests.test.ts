import { describe, expect, it, vi } from "vitest";
import * as z from "zod/mini";
import {
  ChatMessage,
  defineMessage,
  Heartbeat,
  Hello,
  Resume,
  StatusEvent,
} from "../../src/index.js";
import { type acceptConnection, CLOSE, type MessageStore } from "../../src/server/index.js";
import { ALICE, BOB, CHAT, fromBob } from "../session/fixture.js";
import { CLIENT_ID, NOW } from "../support/examples.js";
import { counting } from "../support/hex.js";
import { deferred, fromAlice, settled, storeOfChat, TestClient } from "./test-client.js";

const NO_CHAT = 99;

const idOf = (number: number) => fromAlice(number).client_id;

describe("a message", () => {
  it("is stored, acknowledged and then reported", async () => {
    const log: unknown[] = [];
    const client = await TestClient.confirmed({
      onStored: (message, stored) => log.push([client.types, message, stored]),
    });
    await client.send(ChatMessage, fromAlice(1));
    const stored = { message_id: 1, seq: 1, stored_at: NOW };
    expect(client.received).toEqual([
      { type: "ack", value: { client_id: idOf(1), chat_id: CHAT, ...stored } },
    ]);
    expect(log).toEqual([[["ack"], { ...fromAlice(1), ...stored }, { ...stored, isNew: true }]]);
  });

  it("is acknowledged again and not reported if it is repeated", async () => {
    const onStored = vi.fn();
    const client = await TestClient.confirmed({ onStored });
    for (const content of [16, 16, 17]) {
      await client.send(ChatMessage, fromAlice(1, { content: new Uint8Array(content) }));
    }
    expect(client.types).toEqual(["ack", "ack", "error"]);
    expect(client.received[0]).toEqual(client.received[1]);
    expect(client.errors).toEqual([["ERR_CLIENT_ID_REUSED", { client_id: idOf(1) }]]);
    expect(onStored).toHaveBeenCalledOnce();
  });

  it("without a client id is stored each time, and not acknowledged", async () => {
    const onStored = vi.fn();
    const client = await TestClient.confirmed({ onStored });
    const { client_id: _, ...message } = fromAlice(1);
    await client.send(ChatMessage, message);
    await client.send(ChatMessage, message);
    expect([client.types, onStored.mock.calls.length]).toEqual([[], 2]);
  });

  it("of another sender, or in a chat of others, is rejected with its client id", async () => {
    const client = await TestClient.confirmed();
    await client.send(ChatMessage, fromAlice(1, { sender_id: BOB }));
    await client.send(ChatMessage, fromAlice(2, { chat_id: NO_CHAT }));
    expect(client.errors).toEqual([
      ["ERR_FORBIDDEN", { client_id: idOf(1) }],
      ["ERR_FORBIDDEN", { client_id: idOf(2) }],
    ]);
    expect((await client.store.findChat(ALICE, CHAT))!.last_seq).toBe(0);
  });

  it("is not acknowledged before the store has it", async () => {
    const { promise, resolve } = deferred();
    const inner = storeOfChat();
    const onStored = vi.fn();
    const store: MessageStore = { ...inner, add: (one) => promise.then(() => inner.add(one)) };
    const client = await TestClient.confirmed({ store, onStored });
    const handled = client.send(ChatMessage, fromAlice(1));
    await settled();
    expect([client.types, onStored.mock.calls.length]).toEqual([[], 0]);
    resolve();
    await handled;
    expect([client.types, onStored.mock.calls.length]).toEqual([["ack"], 1]);
  });

  it("is reported although the connection was closed while it was stored", async () => {
    const { promise, resolve } = deferred();
    const inner = storeOfChat();
    const onStored = vi.fn();
    const store: MessageStore = { ...inner, add: (one) => promise.then(() => inner.add(one)) };
    const client = await TestClient.confirmed({ store, onStored });
    const handled = [1, 2].map((number) => client.send(ChatMessage, fromAlice(number)));
    await settled();
    client.connection.closed();
    resolve();
    await Promise.all(handled);
    expect([client.types, onStored.mock.calls.length]).toEqual([[], 1]);
  });
});

describe("a resume", () => {
  it("is answered with the messages after it, as many as fit 256 KiB", async () => {
    const client = await TestClient.confirmed();
    for (const number of [1, 2, 3]) {
      await client.store.add(fromAlice(number, { content: new Uint8Array(100_000) }));
    }
    await client.send(Resume, { chat_id: CHAT, after: 0, limit: 100 });
    await client.send(Resume, { chat_id: CHAT, after: 1, limit: 1 });
    await client.send(Resume, { chat_id: CHAT, after: 2, limit: 100 });
    await client.send(Resume, { chat_id: CHAT, after: 9, limit: 2 ** 50 });
    expect(client.received.map(({ value }) => [value.through, value.has_more])).toEqual([
      ...[
        [1, true],
        [2, true],
        [3, false],
        [3, false],
      ],
    ]);
  });

  it("is followed by the receipts of other members if it has no more messages", async () => {
    const client = await TestClient.confirmed();
    for (const number of [1, 2]) await client.store.add(fromAlice(number));
    for (const user_id of [ALICE, BOB]) {
      for (const event_type of ["read", "delivered"] as const)
        await client.store.addReceipt({ event_type, user_id, chat_id: CHAT, seq: 1 });
    }
    await client.send(Resume, { chat_id: CHAT, after: 0, limit: 1 });
    expect(client.types).toEqual(["message_list"]);
    await client.send(Resume, { chat_id: CHAT, after: 1, limit: 1 });
    const receipt = { user_id: BOB, chat_id: CHAT, seq: 1 };
    expect(client.received.slice(2).map(({ value }) => value)).toMatchObject([
      ...[
        { ...receipt, event_type: "read" },
        { ...receipt, event_type: "delivered" },
      ],
    ]);
  });

  it("asks the store for at most 1,000 messages, and sends no receipt of seq 0", async () => {
    const inner = storeOfChat();
    const list = vi.fn(inner.list);
    const receipts = [{ event_type: "read", user_id: BOB, chat_id: CHAT, seq: 0 } as const];
    const store = { ...inner, list, findChat: () => ({ last_seq: 0, receipts }) };
    const client = await TestClient.confirmed({ store });
    await client.send(Resume, { chat_id: CHAT, after: 0, limit: 1001 });
    expect(list.mock.calls.map(([, { limit }]) => limit)).toEqual([1000]);
    expect(client.types).toEqual(["message_list"]);
  });

  it("of a chat of others is rejected with the chat", async () => {
    const client = await TestClient.confirmed();
    await client.send(Resume, { chat_id: NO_CHAT, after: 0, limit: 1 });
    expect(client.errors).toEqual([["ERR_FORBIDDEN", { resume: NO_CHAT }]]);
  });
});

describe("a status", () => {
  const receipt = { event_type: "read", user_id: ALICE, chat_id: CHAT } as const;

  async function withMessages(options: Partial<Parameters<typeof acceptConnection>[0]> = {}) {
    const onStatus = vi.fn();
    const client = await TestClient.confirmed({ onStatus, ...options });
    for (const number of [1, 2]) await client.store.add(fromAlice(number));
    return { client, onStatus, store: client.store };
  }

  it("stores and reports a receipt that is past the stored one", async () => {
    const { client, onStatus, store } = await withMessages();
    for (const seq of [1, 1, 0, 2]) await client.send(StatusEvent, { ...receipt, seq });
    expect(onStatus.mock.calls.map(([{ seq }]) => seq)).toEqual([1, 2]);
    expect((await store.findChat(BOB, CHAT))!.receipts).toEqual([{ ...receipt, seq: 2 }]);
    expect(client.received).toEqual([]);
  });

  it("asks the store only for receipts that are past the stored one, and reports those that it raised", async () => {
    const inner = storeOfChat();
    const addReceipt = vi.fn(() => false);
    const { client, onStatus } = await withMessages({ store: { ...inner, addReceipt } });
    await inner.addReceipt({ ...receipt, seq: 1 });
    for (const seq of [1, 2]) await client.send(StatusEvent, { ...receipt, seq });
    expect(addReceipt.mock.calls).toEqual([[{ ...receipt, seq: 2 }]]);
    expect(onStatus).not.toHaveBeenCalled();
  });

  it("treats a receipt without a seq as all messages that the connection sent", async () => {
    const { client, onStatus } = await withMessages();
    await client.send(StatusEvent, receipt);
    expect(onStatus).not.toHaveBeenCalled();
    client.connection.deliver(fromBob(1));
    await client.send(StatusEvent, receipt);
    await client.send(Resume, { chat_id: CHAT, after: 0, limit: 9 });
    client.connection.deliver(fromBob(1));
    await client.send(StatusEvent, receipt);
    expect(onStatus.mock.calls.map(([{ seq }]) => seq)).toEqual([1, 2]);
  });

  it("reports typing, and passes the chat of the store", async () => {
    const { client, onStatus } = await withMessages();
    await client.send(StatusEvent, { ...receipt, event_type: "typing" });
    expect(onStatus).toHaveBeenCalledOnce();
    expect(onStatus.mock.calls[0]).toMatchObject([{ event_type: "typing" }, { last_seq: 2 }]);
  });

  it("is rejected for another user, a seq past the last one, an unknown chat and an event of servers", async () => {
    const { client, onStatus } = await withMessages();
    for (const wrong of [
      { user_id: BOB },
      { seq: 3 },
      { chat_id: NO_CHAT },
      { chat_id: undefined },
      { event_type: "user_online" as const },
    ]) {
      await client.send(StatusEvent, { ...receipt, ...wrong });
    }
    const subject = { mark: "read", chat_id: CHAT };
    expect(client.errors).toEqual([
      ["ERR_FORBIDDEN", subject],
      ["ERR_SEQ_AHEAD", subject],
      ["ERR_FORBIDDEN", { mark: "read", chat_id: NO_CHAT }],
      ["ERR_FORBIDDEN", {}],
      ["ERR_UNSUPPORTED", {}],
    ]);
    expect(onStatus).not.toHaveBeenCalled();
  });

  it("delivered is rejected without the capability", async () => {
    const client = new TestClient();
    await client.handshake({ capabilities: [] });
    await client.store.add(fromAlice(1));
    await client.send(StatusEvent, { ...receipt, event_type: "delivered", seq: 1 });
    expect(client.errors).toEqual([["ERR_VALIDATION", { mark: "delivered", chat_id: CHAT }]]);
  });
});

describe("other frames", () => {
  it("answers a heartbeat with the counts of frames", async () => {
    const client = await TestClient.confirmed();
    await client.send(Heartbeat, { sent_at: NOW + 1 });
    expect(client.received).toEqual([
      { type: "heartbeat", value: { sent_at: NOW + 1, sent: 1, received: 2 } },
    ]);
  });

  it("rejects unknown types, a later hello and invalid payloads, and stays open", async () => {
    const client = await TestClient.confirmed();
    const Other = defineMessage("other", z.object({ chat_id: z.number() }));
    const Invalid = defineMessage("message", z.object({ client_id: z.string() }));
    await client.send(Other, { chat_id: 1 });
    await client.send(Hello, { nonce: counting(16), wires: [1], capabilities: [] });
    await client.send(Invalid, { client_id: CLIENT_ID });
    expect(client.errors.map(([code]) => code)).toEqual([
      ...["ERR_UNKNOWN_TYPE", "ERR_UNKNOWN_TYPE", "ERR_VALIDATION"],
    ]);
    expect(client.errors[2]![1]).toMatchObject({
      client_id: CLIENT_ID,
      issues: [{}, {}, {}, {}],
    });
    await client.send(Heartbeat, { sent_at: NOW });
    expect([client.types.at(-1), client.closedWith]).toEqual(["heartbeat", undefined]);
  });

  it("rejects frames that do not open: repeated, reflected, old, too large, no bytes", async () => {
    const client = await TestClient.confirmed();
    const frame = client.frame(Heartbeat, { sent_at: NOW });
    await client.connection.receive(frame);
    const detached = frame.slice();
    structuredClone(detached, { transfer: [detached.buffer] });
    for (const data of [
      ...[frame, client.frames.at(-1), new Uint8Array(1_048_577), "text", null, detached],
    ]) {
      await client.connection.receive(data);
    }
    client.now += 400;
    const old = new TestClient();
    expect(old.closedWith).toBeUndefined();
    expect(client.errors.map(([code]) => code)).toEqual([
      ...["ERR_REPLAYED", "ERR_VERIFY", "ERR_BOUND_EXCEEDED"],
      ...["ERR_MALFORMED", "ERR_MALFORMED", "ERR_MALFORMED"],
    ]);
    expect(client.closedWith).toBeUndefined();
  });

  it("closes the connection with 4000 after a frame on another wire", async () => {
    const client = new TestClient();
    await client.handshake({ wires: [1] });
    // The same keys on wire 2.
    const other = new TestClient();
    await other.handshake({ wires: [2] });
    expect(client.channel!.wire).toBe(1);
    Object.defineProperty(client.channel, "wire", { value: 2 });
    await client.send(Heartbeat, { sent_at: NOW });
    expect([client.closedWith, client.types]).toEqual([CLOSE.protocolError, []]);
  });
});
