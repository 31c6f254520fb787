import { describe, expect, it, vi } from "vitest";
import { ChatMessage, Heartbeat, KeyError, Resume, StatusEvent } from "../../src/index.js";
import {
  acceptConnection,
  CLOSE,
  type MessageStore,
  RejectionError,
} from "../../src/server/index.js";
import { ALICE, BOB, CHAT, fromBob, SESSION_KEY } from "../session/fixture.js";
import { NOW } from "../support/examples.js";
import { deferred, fromAlice, settled, storeOfChat, TestClient } from "./test-client.js";

const idOf = (number: number) => fromAlice(number).client_id;

describe("a failure of the store", () => {
  const failing = (error: unknown): MessageStore => {
    const fail = () => {
      throw error;
    };
    return { add: fail, list: async () => fail(), findChat: fail, addReceipt: fail };
  };

  it("is answered with ERR_UNAVAILABLE without its text, and reported", async () => {
    const error = new Error("password of the database: 1234");
    const client = await TestClient.confirmed({ store: failing(error) });
    await client.send(ChatMessage, fromAlice(1));
    await client.send(Resume, { chat_id: CHAT, after: 0, limit: 1 });
    await client.send(StatusEvent, { event_type: "read", user_id: ALICE, chat_id: CHAT, seq: 1 });
    expect(client.errors).toEqual([
      ["ERR_UNAVAILABLE", { retry_after: 5, client_id: idOf(1) }],
      ["ERR_UNAVAILABLE", { retry_after: 5, resume: CHAT }],
      ["ERR_UNAVAILABLE", { retry_after: 5, mark: "read", chat_id: CHAT }],
    ]);
    expect(JSON.stringify(client.received)).not.toContain("1234");
    expect(client.rejections.map((one) => one.error)).toEqual([error, error, error]);
    expect(client.closedWith).toBeUndefined();
  });

  it("is not mistaken for an invalid frame if the store throws an error of the library", async () => {
    const client = await TestClient.confirmed({ store: failing(new KeyError("a stored key")) });
    await client.send(ChatMessage, fromAlice(1));
    expect(client.errors[0]![0]).toBe("ERR_UNAVAILABLE");
  });

  it("that stored the message all the same does not keep it from being reported, once", async () => {
    let isFailing = true;
    const inner = storeOfChat();
    const store: MessageStore = {
      ...inner,
      async add(message) {
        const stored = await inner.add(message);
        if (isFailing) throw new Error("the connection to the database was lost after the commit");
        return stored;
      },
    };
    const onStored = vi.fn();
    const client = await TestClient.confirmed({ store, onStored });
    // The store fails for more messages than a connection remembers.
    for (let number = 1; number <= 17; number++) await client.send(ChatMessage, fromAlice(number));
    await client.send(ChatMessage, fromAlice(17));
    expect(onStored).not.toHaveBeenCalled();
    isFailing = false;
    for (const number of [17, 17, 2, 1]) await client.send(ChatMessage, fromAlice(number));
    expect(onStored.mock.calls.map(([{ seq }]) => seq)).toEqual([17, 2]);
    expect(client.types.slice(-4)).toEqual(["ack", "ack", "ack", "ack"]);
  });

  it("that stored the receipt all the same does not keep it from being reported, once", async () => {
    let isFailing = true;
    const inner = storeOfChat();
    inner.add(fromBob(1));
    const store: MessageStore = {
      ...inner,
      async addReceipt(receipt) {
        const isRaised = await inner.addReceipt(receipt);
        if (isFailing) throw new Error("the connection to the database was lost after the commit");
        return isRaised;
      },
    };
    const onStatus = vi.fn();
    const client = await TestClient.confirmed({ store, onStatus });
    const read = { event_type: "read", user_id: ALICE, chat_id: CHAT, seq: 1 } as const;
    await client.send(StatusEvent, read);
    expect(onStatus).not.toHaveBeenCalled();
    isFailing = false;
    for (let time = 0; time < 2; time++) await client.send(StatusEvent, read);
    expect(onStatus.mock.calls.map(([{ seq }]) => seq)).toEqual([1]);
  });

  it("that is a RejectionError is answered with its code, message and details", async () => {
    const details = { retry_after: 9, client_id: "another" };
    const rejection = new RejectionError("ERR_BLOCKED", "x".repeat(2000), details);
    const client = await TestClient.confirmed({ store: failing(rejection) });
    await client.send(ChatMessage, fromAlice(1));
    expect(client.errors).toEqual([["ERR_BLOCKED", { retry_after: 9, client_id: idOf(1) }]]);
    expect(client.received[0]!.value.error_message).toBe("x".repeat(1000));
  });

  it("is answered with ERR_UNAVAILABLE if its code or its values fit no frame", async () => {
    const details = { function: () => {} };
    for (const error of [new RejectionError("", "x"), new RejectionError("ERR_X", "x", details)]) {
      const client = await TestClient.confirmed({ store: failing(error) });
      await client.send(ChatMessage, fromAlice(1));
      expect(client.errors[0]![0]).toBe("ERR_UNAVAILABLE");
    }
    const store = {
      ...storeOfChat(),
      list: () => ({ last_seq: 1, messages: [{} as ChatMessage] }),
    };
    const client = await TestClient.confirmed({ store });
    await client.send(Resume, { chat_id: CHAT, after: 0, limit: 1 });
    expect(client.errors).toEqual([["ERR_UNAVAILABLE", { retry_after: 5, resume: CHAT }]]);
  });
});

describe("admit and schedule", () => {
  it("admit rejects a frame that opened, before it has an effect", async () => {
    const admit = ({ type }: { readonly type: string }) => {
      if (type === "message") throw new RejectionError("ERR_RATE_LIMITED", "x", { retry_after: 1 });
    };
    const client = await TestClient.confirmed({ admit });
    await client.send(ChatMessage, fromAlice(1));
    await client.send(Heartbeat, { sent_at: NOW });
    expect(client.types).toEqual(["error", "heartbeat"]);
    expect(client.errors).toEqual([["ERR_RATE_LIMITED", { retry_after: 1, client_id: idOf(1) }]]);
  });

  it("admit may close the connection, whose frame is then dropped", async () => {
    const client: TestClient = await TestClient.confirmed({
      admit: ({ type }) => {
        if (type === "message") client.connection.close(CLOSE.restart);
      },
    });
    await client.send(ChatMessage, fromAlice(1));
    expect((await client.store.findChat(ALICE, CHAT))!.last_seq).toBe(0);
  });

  it("schedule runs the work of each frame, one after the other", async () => {
    const turns: { readonly bytes: number; readonly run: () => void }[] = [];
    const schedule = async (work: () => Promise<void>, bytes: number) => {
      await new Promise<void>((run) => turns.push({ bytes, run }));
      await work();
    };
    const client = new TestClient({ schedule });
    const hello = client.handshake();
    await settled();
    turns.shift()!.run();
    await hello;
    const frames = [1, 2].map((number) => client.frame(ChatMessage, fromAlice(number)));
    for (const frame of frames) void client.connection.receive(frame);
    await settled();
    expect(turns.map(({ bytes }) => bytes)).toEqual([frames[0]!.length]);
    turns.shift()!.run();
    await settled();
    expect([client.types, turns.length]).toEqual([["ack"], 1]);
  });
});

describe("deliveries", () => {
  it("are sent on the connection, and not after it is closed", async () => {
    const client = await TestClient.confirmed();
    client.connection.deliver(fromBob(1));
    client.connection.close(CLOSE.restart);
    client.connection.deliver(fromBob(2));
    client.connection.close(CLOSE.policy);
    expect([client.types, client.closedWith]).toEqual([["message"], CLOSE.restart]);
  });

  it("of a status need its capability", async () => {
    const client = new TestClient();
    await client.handshake({ capabilities: [] });
    await client.send(Heartbeat, { sent_at: NOW });
    for (const event_type of ["delivered", "chat_changed", "read"] as const)
      client.connection.deliverStatus({ event_type, user_id: BOB, chat_id: CHAT, seq: 1 });
    expect(client.received.slice(1).map(({ value }) => value.event_type)).toEqual(["read"]);
  });

  it("of a changed device log need the capability devices, and wait until the connection is confirmed", async () => {
    for (const capability of ["devices", "delivered"]) {
      const offer = { capabilities: ["devices", "delivered"], limits: {}, heartbeat: 30 };
      const client = new TestClient({ offer });
      await client.handshake({ capabilities: [capability] });
      client.connection.deliverDevices({ user_id: BOB, last_seq: 2 });
      expect(client.types).toEqual([]);
      await client.send(Heartbeat, { sent_at: NOW });
      client.connection.deliverDevices({ user_id: BOB, last_seq: 3 });
      const sent = client.received.filter(({ type }) => type === "devices");
      const seqs = sent.map(({ value }) => [value.user_id, value.last_seq]);
      expect(seqs).toEqual(
        capability === "devices"
          ? [
              [BOB, 2],
              [BOB, 3],
            ]
          : [],
      );
    }
  });

  it("of typing are sent once a second for each chat and user", async () => {
    const client = await TestClient.confirmed();
    const typing = { event_type: "typing", user_id: BOB, chat_id: CHAT } as const;
    const sent = (fields: object, seconds = 0) => {
      client.now += seconds;
      client.received.length = 0;
      client.connection.deliverStatus({ ...typing, ...fields });
      return client.received.length;
    };
    expect([sent({}), sent({}), sent({ user_id: 9 }), sent({ chat_id: 43 })]).toEqual([1, 0, 1, 1]);
    expect([sent({}, 0.99), sent({}, 0.01), sent({}, 0.99)]).toEqual([0, 1, 0]);
    expect([sent({}, -3600), sent({}, 2)]).toEqual([0, 1]);
  });

  it("that fit no frame close the connection with 1011, and are reported", async () => {
    const client = await TestClient.confirmed();
    client.connection.deliver({ ...fromBob(1), nonce: new Uint8Array(1) });
    expect(client.closedWith).toBe(1011);
    expect(client.rejections).toHaveLength(1);
  });
});

describe("a client that does not read", () => {
  it("is closed with 4004 before more than 1 MiB is buffered", async () => {
    let buffered = 0;
    const client = await TestClient.confirmed({ buffered: () => buffered });
    const large = fromBob(1, { content: new Uint8Array(600_000) });
    client.connection.deliver(large);
    buffered = 1_048_576 - client.frames.at(-1)!.length;
    client.connection.deliver(large);
    expect(client.types).toEqual(["message", "message"]);
    buffered += 1;
    client.connection.deliver(large);
    expect([client.types.length, client.closedWith]).toEqual([2, CLOSE.tooSlow]);
  });

  it("waits for its next answer while more than 256 KiB are buffered", async () => {
    let buffered = 0;
    const client = await TestClient.confirmed({ buffered: () => buffered });
    buffered = 262_145;
    const handled = client.send(Heartbeat, { sent_at: NOW });
    await settled();
    expect(client.types).toEqual([]);
    buffered = 262_144;
    await handled;
    expect(client.types).toEqual(["heartbeat"]);
  });

  it("releases waiting frames when it is closed", async () => {
    let buffered = 0;
    const client = await TestClient.confirmed({ buffered: () => buffered });
    buffered = 300_000;
    const handled = [1, 2].map((number) => client.send(ChatMessage, fromAlice(number)));
    client.connection.closed();
    await Promise.all(handled);
    expect(client.types).toEqual([]);
  });
});

describe("a client that sends faster than the store stores", () => {
  async function hanging(options: Partial<Parameters<typeof acceptConnection>[0]> = {}) {
    const { promise, resolve } = deferred();
    const inner = storeOfChat();
    const store: MessageStore = { ...inner, add: (one) => promise.then(() => inner.add(one)) };
    const client = await TestClient.confirmed({ store, ...options });
    void client.send(ChatMessage, fromAlice(1));
    return { client, resolve };
  }

  it("is paused while 64 frames wait, until fewer than 32 wait", async () => {
    const log: string[] = [];
    const pause = () => log.push("pause");
    const resume = () => log.push(`resume at ${client.types.length}`);
    const { client, resolve } = await hanging({ pause, resume });
    for (let count = 1; count <= 63; count++) void client.send(Heartbeat, { sent_at: NOW });
    expect(log).toEqual([]);
    const last = client.send(Heartbeat, { sent_at: NOW });
    expect(log).toEqual(["pause"]);
    resolve();
    await last;
    expect(log).toEqual(["pause", "resume at 33"]);
  });

  it("is paused while 1 MiB waits, and continues when it is closed", async () => {
    const log: string[] = [];
    const { client } = await hanging({
      pause: () => log.push("pause"),
      resume: () => log.push("resume"),
    });
    void client.connection.receive(new Uint8Array(1_048_575));
    expect(log).toEqual([]);
    void client.connection.receive(new Uint8Array(1));
    expect(log).toEqual(["pause"]);
    client.connection.close(CLOSE.restart);
    expect(log).toEqual(["pause", "resume"]);
  });

  it("is closed with 1013 if more than 4,096 frames or 16 MiB wait", async () => {
    for (const [size, fitting] of [
      [1, 4096],
      [1_048_576, 16],
    ] as const) {
      const { client } = await hanging();
      const frame = new Uint8Array(size);
      for (let count = 0; count < fitting; count++) void client.connection.receive(frame);
      expect(client.closedWith).toBeUndefined();
      await client.connection.receive(frame);
      expect(client.closedWith).toBe(CLOSE.tryAgainLater);
    }
  });
});

describe("a socket whose send throws", () => {
  it("is closed, and the stored message is still reported", async () => {
    let isOpen = true;
    const onStored = vi.fn();
    const client: TestClient = new TestClient({ onStored });
    const connection = acceptConnection({
      session: { session_key: SESSION_KEY, user_id: ALICE },
      store: client.store,
      onStored,
      close: (code) => (client.closedWith = code),
      now: () => NOW,
      send: (bytes) => {
        if (!isOpen) throw new Error("not open");
        client.frames.push(bytes);
      },
    });
    Object.defineProperty(client, "connection", { value: connection });
    await client.handshake();
    isOpen = false;
    await client.send(ChatMessage, fromAlice(1));
    expect([client.closedWith, onStored.mock.calls.length]).toEqual([1011, 1]);
  });
});

describe("a socket whose close throws", () => {
  const close = () => {
    throw new Error("not open");
  };

  it("does not keep a delivery from the other recipients, and the error is reported", async () => {
    const client = await TestClient.confirmed({ close });
    client.connection.deliver({ ...fromBob(1), nonce: new Uint8Array(1) });
    expect(client.connection.isClosed).toBe(true);
    expect(client.rejections.at(-1)!.error).toEqual(new Error("not open"));
  });

  it("does not keep a stored message from being reported", async () => {
    let buffered = 0;
    const onStored = vi.fn();
    const inner = storeOfChat();
    const store: MessageStore = {
      ...inner,
      add(message) {
        buffered = 1_048_576;
        return inner.add(message);
      },
    };
    const client = await TestClient.confirmed({ close, store, onStored, buffered: () => buffered });
    await client.send(ChatMessage, fromAlice(1));
    expect(client.connection.isClosed).toBe(true);
    expect(onStored).toHaveBeenCalledTimes(1);
  });
});
