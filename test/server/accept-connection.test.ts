import { describe, expect, it, vi } from "vitest";
import {
  ChatMessage,
  Heartbeat,
  Hello,
  KeyError,
  type MessageDefinition,
  MessageProtocol,
  type PayloadSchema,
  SigningKey,
  StatusEvent,
  type ValueToSend,
} from "../../src/index.js";
import {
  acceptConnection,
  CLOSE,
  type ConnectionOptions,
  directionKeys,
  type FrameChannel,
} from "../../src/server/index.js";
import { ALICE, BOB, CHAT, fromBob, SESSION_KEY } from "../session/fixture.js";
import { NOW } from "../support/examples.js";
import { counting } from "../support/hex.js";
import { fromAlice, settled, storeOfChat, TestClient } from "./test-client.js";

const idOf = (number: number) => fromAlice(number).client_id;

const key = SigningKey.from("shared");
/** A channel without a handshake. It encodes all types but `ack`. */
const channel: FrameChannel = {
  wire: 1,
  encode: (definition, value) =>
    definition.type === "ack" ? undefined : definition.toProtocol(value, key).toBytes(),
  open: (data) => MessageProtocol.open(data as Uint8Array, { key, now: NOW }),
};

/** Returns a frame for `channel`. */
function frameOf<Type extends string, Schema extends PayloadSchema>(
  definition: MessageDefinition<Type, Schema>,
  value: ValueToSend<Schema>,
): Uint8Array {
  return definition.toProtocol(value, key, { timestamp: NOW }).toBytes();
}

/** Options whose functions are methods of a class. They use its private field. */
class OptionsOfClass implements ConnectionOptions {
  readonly session = { session_key: SESSION_KEY, user_id: ALICE };
  readonly store = storeOfChat();
  readonly channel = channel;
  readonly #called = new Set<string>();

  get called(): string[] {
    return [...this.#called].sort();
  }

  send(): void {
    this.#called.add("send");
  }

  close(): void {
    this.#called.add("close");
  }

  buffered(): number {
    this.#called.add("buffered");
    return 0;
  }

  pause(): void {
    this.#called.add("pause");
  }

  resume(): void {
    this.#called.add("resume");
  }

  now(): number {
    this.#called.add("now");
    return NOW;
  }

  schedule(work: () => Promise<void>): Promise<void> {
    this.#called.add("schedule");
    return work();
  }

  admit(): void {
    this.#called.add("admit");
  }

  onConfirmed(): void {
    this.#called.add("onConfirmed");
  }

  onStored(): void {
    this.#called.add("onStored");
  }

  onStatus(): void {
    this.#called.add("onStatus");
  }

  onRejected(): void {
    this.#called.add("onRejected");
  }
}

describe("the handshake", () => {
  it("answers a hello with a welcome that makes the offer", async () => {
    const offer = { capabilities: ["delivered", "x"], limits: { a: 1 }, heartbeat: 7 };
    const client = new TestClient({ offer });
    await client.handshake({ capabilities: ["x", "y"] });
    expect(client.frames).toHaveLength(1);
    expect(client.connection.capabilities).toEqual(["x"]);
    expect([client.connection.isConfirmed, client.closedWith]).toEqual([false, undefined]);
  });

  it("closes the connection with 1008 after any other first frame", async () => {
    const { client, server } = directionKeys(SESSION_KEY);
    const hello = { nonce: counting(16), wires: [1], capabilities: [] };
    for (const frame of [
      ...["hello", undefined, new Uint8Array(), {}],
      Hello.toProtocol(hello, server).toBytes(),
      Hello.toProtocol(hello, SigningKey.generate()).toBytes(),
      Hello.toProtocol(hello, client, { wire: 2 }).toBytes(),
      ChatMessage.toProtocol(fromAlice(1), client).toBytes(),
    ]) {
      const rejected = new TestClient();
      await rejected.connection.receive(frame);
      expect([rejected.closedWith, rejected.frames]).toEqual([CLOSE.policy, []]);
    }
  });

  it("closes the connection with 4002 if no wire is common", async () => {
    const client = new TestClient();
    await client.handshake({ wires: [7] });
    expect(client.closedWith).toBe(CLOSE.noCommonWire);
  });

  it("accepts an ArrayBuffer, and copies the frame", async () => {
    const client = new TestClient();
    const hello = { nonce: counting(16), wires: [1], capabilities: [] };
    const bytes = Hello.toProtocol(hello, directionKeys(SESSION_KEY).client).toBytes();
    const handled = client.connection.receive(bytes.buffer);
    bytes.fill(0);
    await handled;
    expect(client.frames).toHaveLength(1);
  });
});

describe("an unconfirmed connection", () => {
  it("is confirmed by the first frame that opens, and receives buffered deliveries before its answer", async () => {
    const onConfirmed = vi.fn();
    const client = new TestClient({ onConfirmed });
    client.connection.deliver(fromBob(1));
    await client.handshake();
    client.connection.deliver(fromBob(2));
    client.connection.deliverStatus({ event_type: "user_online", user_id: BOB });
    await client.connection.receive(Uint8Array.of(1));
    expect([client.types, client.connection.isConfirmed]).toEqual([["error"], false]);
    expect(onConfirmed).not.toHaveBeenCalled();
    await client.send(Heartbeat, { sent_at: NOW });
    await client.send(Heartbeat, { sent_at: NOW });
    expect(client.types).toEqual(["error", "message", "status", "heartbeat", "heartbeat"]);
    expect(client.received[1]!.value.seq).toBe(2);
    expect(onConfirmed).toHaveBeenCalledOnce();
  });

  it("is not confirmed by a replayed hello and the frames of another connection", async () => {
    const first = new TestClient();
    await first.handshake();
    const frame = first.frame(ChatMessage, fromAlice(1));
    const onConfirmed = vi.fn();
    const second = new TestClient({ onConfirmed, store: first.store });
    await second.handshake();
    await second.connection.receive(frame);
    expect(second.errors).toEqual([["ERR_VERIFY", {}]]);
    expect(onConfirmed).not.toHaveBeenCalled();
    expect(await first.store.findChat(ALICE, CHAT)).toEqual({ last_seq: 0, receipts: [] });
  });

  it("buffers up to 1 MiB of deliveries, and is closed with 4004 before more", async () => {
    for (const [bytes, code] of [
      [524_160, undefined],
      [524_161, CLOSE.tooSlow],
    ] as const) {
      const client = new TestClient();
      await client.handshake();
      client.connection.deliver(fromBob(1, { content: new Uint8Array(524_160) }));
      client.connection.deliver(fromBob(2, { content: new Uint8Array(bytes) }));
      expect(client.closedWith).toBe(code);
    }
  });

  it("copies a delivery that it buffers", async () => {
    const client = new TestClient();
    await client.handshake();
    const message = { ...fromBob(1), content: counting(20) };
    client.connection.deliver(message);
    message.content.fill(0);
    await client.send(Heartbeat, { sent_at: NOW });
    expect(client.received[0]!.value.content).toEqual(counting(20));
  });

  it("answers ERR_UNAVAILABLE while onConfirmed fails, and calls it again", async () => {
    const failure = new Error("secret");
    const onConfirmed = vi.fn().mockRejectedValueOnce(failure);
    const client = new TestClient({ onConfirmed });
    await client.handshake();
    await client.send(ChatMessage, fromAlice(1));
    expect(client.errors).toEqual([["ERR_UNAVAILABLE", { retry_after: 5, client_id: idOf(1) }]]);
    expect(client.connection.isConfirmed).toBe(false);
    expect(client.rejections[0]!.error).toBe(failure);
    await client.send(ChatMessage, fromAlice(1));
    expect([client.types, onConfirmed.mock.calls.length]).toEqual([["error", "ack"], 2]);
  });

  it("is not confirmed if onConfirmed closes it", async () => {
    const client: TestClient = new TestClient({
      onConfirmed: () => client.connection.close(CLOSE.notAuthorised),
    });
    await client.handshake();
    await client.send(ChatMessage, fromAlice(1));
    expect([client.closedWith, client.types]).toEqual([CLOSE.notAuthorised, []]);
    expect(client.connection.isConfirmed).toBe(false);
  });
});

describe("tick", () => {
  it("closes with 4003 without a hello, or a first frame after the welcome, for 10 s", async () => {
    const silent = new TestClient();
    for (const now of [500, 509.9]) silent.connection.tick(now);
    expect(silent.closedWith).toBeUndefined();
    silent.connection.tick(510);
    expect(silent.closedWith).toBe(CLOSE.silent);

    const unconfirmed = new TestClient();
    unconfirmed.connection.tick(500);
    await unconfirmed.handshake();
    unconfirmed.connection.tick(505);
    await unconfirmed.connection.receive("not a frame of this connection");
    unconfirmed.connection.tick(514.9);
    expect(unconfirmed.closedWith).toBeUndefined();
    unconfirmed.connection.tick(515);
    expect(unconfirmed.closedWith).toBe(CLOSE.silent);
  });

  it("closes with 4003 without a frame for 3 heartbeats", async () => {
    const client = await TestClient.confirmed();
    client.connection.tick(0);
    client.connection.tick(89.9);
    await client.send(Heartbeat, { sent_at: NOW });
    client.connection.tick(90);
    client.connection.tick(179.9);
    expect(client.closedWith).toBeUndefined();
    client.connection.tick(180);
    expect(client.closedWith).toBe(CLOSE.silent);
  });

  it("begins again if its clock is set back", async () => {
    const client = await TestClient.confirmed();
    for (const now of [1000, 5, 94.9]) client.connection.tick(now);
    expect(client.closedWith).toBeUndefined();
    client.connection.tick(95);
    expect(client.closedWith).toBe(CLOSE.silent);
  });
});

describe("a channel without a handshake", () => {
  it("is confirmed at once, sends only what the channel encodes, and is never silent", async () => {
    const onConfirmed = vi.fn().mockRejectedValueOnce(new Error("busy"));
    const client = new TestClient({ channel, onConfirmed });
    client.connection.deliver(fromBob(1));
    await settled();
    expect([client.rejections.length, client.frames.length]).toEqual([1, 0]);
    await client.connection.receive(frameOf(ChatMessage, fromAlice(1)));
    expect(client.frames.map((frame) => MessageProtocol.fromBytes(frame).type)).toEqual([
      "message",
    ]);
    for (const now of [0, 1e6, 2e6]) client.connection.tick(now);
    expect([client.closedWith, onConfirmed.mock.calls.length]).toEqual([undefined, 2]);
  });
});

describe("acceptConnection", () => {
  it("throws if the session key or the offer is invalid", () => {
    const options = { store: storeOfChat(), send: () => {}, close: () => {} };
    const accept = (session_key: Uint8Array, offer = {}) =>
      acceptConnection({
        ...options,
        session: { session_key, user_id: ALICE },
        offer: { capabilities: [], limits: {}, heartbeat: 30, ...offer },
      });
    expect(() => accept(new Uint8Array(32))).toThrow(KeyError);
    expect(() => accept(counting(31))).toThrow(KeyError);
    expect(() => accept(SESSION_KEY, { heartbeat: 0 })).toThrow("heartbeat");
    for (const wires of [[], [3], ["1"], 1])
      expect(() => accept(SESSION_KEY, { wires })).toThrow("options.offer.wires");
    expect(() => accept(SESSION_KEY, { wires: [1] })).not.toThrow();
  });

  it("takes an instance of a class, and calls its functions as methods", async () => {
    const options = new OptionsOfClass();
    const connection = acceptConnection(options);
    await Promise.all(Array.from({ length: 65 }, () => connection.receive("not a frame")));
    const typing = { event_type: "typing", user_id: ALICE, chat_id: CHAT } as const;
    await connection.receive(frameOf(ChatMessage, fromAlice(1)));
    await connection.receive(frameOf(StatusEvent, typing));
    connection.close(CLOSE.restart);
    expect(options.called).toEqual([
      ...["admit", "buffered", "close", "now", "onConfirmed", "onRejected", "onStatus"],
      ...["onStored", "pause", "resume", "schedule", "send"],
    ]);
  });
});
