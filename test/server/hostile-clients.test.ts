import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { ChatMessage, Heartbeat, Hello, MessageProtocol, Welcome } from "../../src/index.js";
import { CLOSE, directionKeys } from "../../src/server/index.js";
import * as generators from "../../src/testing/generators/index.js";
import { ALICE, BOB, CHAT, fromBob, SESSION_KEY } from "../session/fixture.js";
import { NOW } from "../support/examples.js";
import { counting } from "../support/hex.js";
import { runs } from "../support/runs.js";
import { fromAlice, TestClient } from "./test-client.js";

/** Names the chat and the users of the test in some of the payloads. */
const ofTest = fc.record(
  {
    chat_id: fc.constantFrom(CHAT, 43),
    user_id: fc.constantFrom(ALICE, BOB),
    sender_id: fc.constantFrom(ALICE, BOB),
    seq: fc.nat(5),
  },
  { requiredKeys: [] },
);

/** What a client may do that has the session's keys and follows no rule. */
const step = fc.oneof(
  fc.record({ kind: fc.constant("bytes" as const), bytes: fc.uint8Array({ maxLength: 300 }) }),
  fc.record({
    kind: fc.constant("any type" as const),
    message: generators.anyMessage(),
    fields: ofTest,
  }),
  fc.record({
    kind: fc.constant("message" as const),
    number: fc.integer({ min: 1, max: 4 }),
    sender_id: fc.constantFrom(ALICE, ALICE, BOB),
    size: fc.constantFrom(16, 17),
  }),
  fc.record({ kind: fc.constant("replay" as const), at: fc.nat(20) }),
  fc.record({ kind: fc.constant("reflect" as const), at: fc.nat(20) }),
  fc.record({ kind: fc.constant("deliver" as const), number: fc.integer({ min: 1, max: 9 }) }),
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

async function perform(client: TestClient, sent: Uint8Array[], one: Step): Promise<void> {
  const { connection } = client;
  const send = (frame: Uint8Array) => {
    sent.push(frame);
    return connection.receive(frame);
  };
  switch (one.kind) {
    case "bytes":
      return connection.receive(one.bytes);
    case "any type": {
      const payload = { ...one.message.value, ...one.fields };
      // The schema at the client is not that of the server: the payload may be invalid.
      const { type } = one.message.definition;
      client.now += 0.001;
      const timestamp = client.now;
      const { wire } = client.channel!;
      return send(
        new MessageProtocol({ type, payload, timestamp, wire }).sign(keyOf(client)).toBytes(),
      );
    }
    case "message": {
      const content = new Uint8Array(one.size);
      client.now += 0.001;
      const message = fromAlice(one.number, { sender_id: one.sender_id, content });
      const { wire } = client.channel!;
      const frame = ChatMessage.toProtocol(message, keyOf(client), { wire, timestamp: client.now });
      return send(frame.toBytes());
    }
    case "replay":
      return connection.receive(sent[one.at]);
    case "reflect":
      return connection.receive(client.frames[one.at]);
    case "deliver":
      return connection.deliver(fromBob(one.number));
  }
}

const keys = new WeakMap<TestClient, ReturnType<typeof directionKeys>["client"]>();

/** The key of the client's direction on its connection. */
function keyOf(client: TestClient) {
  const known = keys.get(client);
  if (known !== undefined) return known;
  const welcome = Welcome.fromProtocol(MessageProtocol.fromBytes(client.frames[0]!));
  const nonces = { hello: counting(16), welcome: welcome.nonce };
  const { client: key } = directionKeys(SESSION_KEY, nonces);
  keys.set(client, key);
  return key;
}

describe("a hostile client that has the session's keys", () => {
  it("cannot stop the server, write as another user, or read chats of others", async () => {
    const plan = fc.record({
      wire: fc.constantFrom(1, 2),
      steps: fc.array(step, { maxLength: 30 }),
    });
    await fc.assert(
      fc.asyncProperty(plan, async ({ wire, steps }) => {
        const client = new TestClient();
        await client.handshake({ wires: [wire] });
        const sent: Uint8Array[] = [];
        for (const one of steps) await perform(client, sent, one);
        expect(client.closedWith).toBeUndefined();
        client.now += 0.001;
        const timestamp = client.now;
        const frame = Heartbeat.toProtocol({ sent_at: NOW }, keyOf(client), {
          wire: wire as 1 | 2,
          timestamp,
        });
        await client.connection.receive(frame.toBytes());
        expect(client.types.at(-1)).toBe("heartbeat");
        const page = await client.store.list(BOB, {
          ...{ chat_id: CHAT, after: 0, limit: 100, maxBytes: 1e9 },
        });
        const { messages } = page!;
        expect(messages.filter(({ sender_id }) => sender_id !== ALICE)).toEqual([]);
        expect(messages.map(({ seq }) => seq)).toEqual(messages.map((_, at) => at + 1));
        const lists = client.received.filter(({ type }) => type === "message_list");
        expect(lists.filter(({ value }) => value.chat_id !== CHAT)).toEqual([]);
        expect(
          client.rejections.filter(({ rejection }) => rejection.code === "ERR_UNAVAILABLE"),
        ).toEqual([]);
      }),
      { numRuns: runs(1000) },
    );
  });

  it("receives an error for each frame that does not open, and the connection stays open", async () => {
    const client = await TestClient.confirmed();
    const { wire } = client.channel!;
    let frames = 0;
    for (const hostile of fc.sample(generators.hostileFrame({ key: keyOf(client), wire }), {
      numRuns: runs(3000),
      seed: 1,
    })) {
      await client.connection.receive(hostile.bytes);
      frames += 1;
    }
    expect(client.closedWith).toBeUndefined();
    expect(client.errors).toHaveLength(frames);
    expect((await client.store.findChat(BOB, CHAT))!.last_seq).toBe(0);
  });
});

describe("an attacker who recorded a connection", () => {
  it("confirms nothing with its frames, in any order", async () => {
    const victim = new TestClient();
    const { client: key } = directionKeys(SESSION_KEY);
    const value = { nonce: counting(16), wires: [2], capabilities: [] };
    const hello = Hello.toProtocol(value, key).toBytes();
    await victim.handshake({ wires: [2] });
    const recorded = [1, 2, 3].map((number) => victim.frame(ChatMessage, fromAlice(number)));
    for (const frame of recorded) await victim.connection.receive(frame);
    const everything = [hello, ...recorded, ...victim.frames];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...everything)), async (frames) => {
        const [onConfirmed, add] = [vi.fn(), vi.fn()];
        const attacker = new TestClient({ store: { ...victim.store, add }, onConfirmed });
        for (const frame of frames) await attacker.connection.receive(frame);
        expect(onConfirmed).not.toHaveBeenCalled();
        expect(add).not.toHaveBeenCalled();
        expect(attacker.connection.isConfirmed).toBe(false);
        expect([undefined, CLOSE.policy]).toContain(attacker.closedWith);
      }),
      { numRuns: runs(300) },
    );
  });
});
