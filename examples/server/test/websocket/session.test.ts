import { once } from "node:events";
import { sql } from "kysely";
import { ChatMessage, Heartbeat, Resume, StatusEvent } from "lacre";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../../src/database/open-database.js";
import { DEFAULT_TIMING } from "../../src/websocket/timing.js";
import { messageIn, TestServer, type TestUser } from "../support.js";
import type { TestConnection } from "./test-connection.js";

const server = new TestServer();
let alice: TestUser;
let bob: TestUser;
let chat_id: number;

beforeAll(async () => {
  ({ alice, bob, chat_id } = await server.startWithChat());
});
afterAll(() => server.remove());

async function write(from: TestConnection, count: number): Promise<ChatMessage[]> {
  const messages = Array.from({ length: count }, () => messageIn(chat_id, alice.id));
  for (const message of messages) from.send(ChatMessage, message);
  for (const _ of messages) expect((await from.next()).type).toBe("ack");
  return messages;
}

describe("the handshake", () => {
  it("negotiates the wire, and returns capabilities and the heartbeat", async () => {
    const connection = await alice.openSocket();
    const welcome = await connection.handshakeAndConfirm({
      wires: [1, 2],
      capabilities: ["delivered"],
    });
    expect(welcome).toMatchObject({ wire: 2, heartbeat: 30 });
    expect(welcome.capabilities).toEqual([
      "delivered",
      "chat_changed",
      "mls",
      "devices",
      "pipeline",
    ]);
    const first = await bob.openSocket();
    const other = await first.handshakeAndConfirm({ wires: [1] });
    expect(other.wire).toBe(1);
    // After a restart of an instance, 200 clients a second reconnect.
    const within = server.instances === 1 ? [1 / 200, 2 / 200] : [1 / 200, 1 / 200];
    expect([welcome.reconnect_within, other.reconnect_within]).toEqual(within);
    expect(await first.isQuiet()).toBe(true);
    for (const { socket } of [connection, first]) socket.terminate();
  });

  it("closes with 4002 without a common wire", async () => {
    const connection = await alice.openSocket();
    connection.sendHello({ wires: [3] });
    expect(await connection.closed).toBe(4002);
  });

  it("closes with 1008 after a first frame that is not a hello of the session", async () => {
    const invalidFirstFrames: ((connection: TestConnection) => void)[] = [
      ({ socket }) => socket.send("hello"),
      ({ socket }) => socket.send(new Uint8Array(100)),
    ];
    for (const send of invalidFirstFrames) {
      const connection = await alice.openSocket();
      send(connection);
      expect(await connection.closed).toBe(1008);
    }
    const [ofAlice, ofBob] = [await alice.openSocket(), await bob.openSocket()];
    ofAlice.socket.send = ofBob.socket.send.bind(ofBob.socket);
    ofAlice.sendHello();
    expect(await ofBob.closed).toBe(1008);
    ofAlice.socket.terminate();
  });
});

describe("a connection", () => {
  it("is closed with 4000 after a frame on another wire", async () => {
    const connection = await alice.connect();
    // Later than earlier frames: otherwise it would be rejected as a replay.
    const timestamp = Date.now() / 1000 + 1;
    const options = { wire: 1, timestamp } as const;
    const frame = Heartbeat.toProtocol({ sent_at: 1 }, connection.clientKey, options);
    connection.socket.send(frame.toBytes());
    expect(await connection.closed).toBe(4000);
  });

  it("receives the answer to a heartbeat", async () => {
    const connection = await alice.connect();
    connection.send(Heartbeat, { sent_at: 1.5 });
    expect(await connection.next()).toMatchObject({ type: "heartbeat", value: { sent_at: 1.5 } });
    connection.socket.terminate();
  });

  it("is closed with 1012 when the server stops, and can resume after a restart", async () => {
    const connection = await alice.connect();
    const [message] = await write(connection, 1);
    await server.stop();
    expect(await connection.closed).toBe(1012);
    await server.start();
    const later = await alice.connect();
    later.send(Resume, { chat_id, after: 0, limit: 10 });
    expect(await later.next()).toMatchObject({ value: { messages: [{ ...message, seq: 1 }] } });
    later.socket.terminate();
  });
});

describe("a stopping server", () => {
  it("acknowledges all stored messages, and closes within seconds even if a client does not answer", async () => {
    const [sending, unresponsive] = [await alice.connect(), await bob.connect()];
    unresponsive.socket.pause();
    const before = (await alice.get("/chats")).body.chats[0].last_seq;
    for (let count = 0; count < 50; count++) {
      sending.send(ChatMessage, messageIn(chat_id, alice.id));
    }
    await sending.nextOf("ack");
    const begun = performance.now();
    await server.stop();
    expect(performance.now() - begun).toBeLessThan(20_000);
    expect(await sending.closed).toBe(1012);
    await server.start();
    const stored = (await alice.get("/chats")).body.chats[0].last_seq - before;
    expect(stored).toBeGreaterThan(0);
    let acks = 1;
    while (sending.hasMore) if ((await sending.next()).type === "ack") acks += 1;
    expect(acks).toBe(stored);
    unresponsive.socket.terminate();
  });
});

describe("a resume", () => {
  it("returns missed messages page by page, and then receipts of the other member", async () => {
    const fromAlice = await alice.connect();
    const fromBob = await bob.connect();
    const own = messageIn(chat_id, bob.id);
    fromBob.send(ChatMessage, own);
    const acknowledged = await fromBob.next();
    const after = (acknowledged as { value: { seq: number } }).value.seq;
    fromBob.socket.terminate();
    await once(fromBob.socket, "close");

    await fromAlice.next();
    const messages = await write(fromAlice, 3);
    const user_id = alice.id;
    fromAlice.send(StatusEvent, { event_type: "read", user_id, chat_id, seq: after });
    expect(await fromAlice.isQuiet()).toBe(true);

    const later = await bob.connect();
    later.send(Resume, { chat_id, after, limit: 2 });
    expect(await later.next()).toMatchObject({
      type: "message_list",
      value: { chat_id, after, through: after + 2, messages: messages.slice(0, 2), has_more: true },
    });
    later.send(Resume, { chat_id, after: after + 2, limit: 2 });
    expect(await later.next()).toMatchObject({
      value: { after: after + 2, through: after + 3, messages: messages.slice(2), has_more: false },
    });
    expect(await later.next()).toMatchObject({
      type: "status",
      value: { event_type: "read", user_id, chat_id, seq: after },
    });
    expect(await later.isQuiet()).toBe(true);

    // A message repeated after a lost ack is acknowledged as before.
    later.send(ChatMessage, own);
    expect(await later.next()).toMatchObject({ value: (acknowledged as { value: object }).value });
    later.send(ChatMessage, { ...own, content: messages[0]!.content });
    expect(await later.nextError()).toBe("ERR_CLIENT_ID_REUSED");
    for (const { socket } of [fromAlice, later]) socket.terminate();
  });

  it("stops before the answer exceeds the size of a frame", async () => {
    const fromAlice = await alice.connect();
    const [first, second] = [1, 2].map(() =>
      messageIn(chat_id, alice.id, { content: new Uint8Array(600_000) }),
    );
    for (const message of [first!, second!]) {
      fromAlice.send(ChatMessage, message);
      await fromAlice.next();
    }
    const last = (await alice.get("/chats")).body.chats[0].last_seq;
    fromAlice.send(Resume, { chat_id, after: last - 2, limit: 100 });
    expect(await fromAlice.next()).toMatchObject({ value: { through: last - 1, has_more: true } });
    fromAlice.socket.terminate();
  });
});

describe("a message that is not stored", () => {
  it("is rejected with its client id if it is invalid", async () => {
    const connection = await alice.connect();
    const { client_id, ...rest } = messageIn(chat_id, alice.id);
    const payload = { ...rest, client_id, chat_id: 0 };
    connection.sendUnchecked("message", payload);
    expect(await connection.next()).toMatchObject({
      value: { error_code: "ERR_VALIDATION", details: { client_id } },
    });
    for (const invalid_id of ["x".repeat(1_000_000), { a: [1] }, new Uint8Array(9), 7]) {
      connection.sendUnchecked("message", { ...payload, client_id: invalid_id });
      expect(await connection.nextError()).toBe("ERR_VALIDATION");
    }
    connection.socket.terminate();
  });

  it("can be repeated after an error of the server", async () => {
    const connection = await alice.connect();
    const message = messageIn(chat_id, alice.id);
    const db = openDatabase(server.database);
    const before = (await alice.get("/chats")).body.chats[0].last_seq;
    await sql`alter table messages rename to hidden`.execute(db);
    connection.send(ChatMessage, message);
    expect(await connection.next()).toMatchObject({
      value: {
        error_code: "ERR_UNAVAILABLE",
        details: { client_id: message.client_id, retry_after: 5 },
      },
    });
    await sql`alter table hidden rename to messages`.execute(db);
    await db.destroy();
    connection.send(ChatMessage, message);
    expect(await connection.next()).toMatchObject({ type: "ack", value: { seq: before + 1 } });
    connection.socket.terminate();
  });
});

describe("timeouts", () => {
  // Long enough for a busy machine to send the next frame in.
  const timing = { ...DEFAULT_TIMING, handshake: 1.5, heartbeat: 1 };
  const quickServer = new TestServer(timing);
  let carol: TestUser;
  beforeAll(async () => {
    await quickServer.start();
    carol = await quickServer.register("carol");
  });
  afterAll(() => quickServer.remove());

  it("close a connection without hello with 4003", async () => {
    const start = performance.now();
    expect(await (await carol.openSocket()).closed).toBe(4003);
    expect(performance.now() - start).toBeGreaterThan(1000 * timing.handshake - 50);
  });

  it("close a connection without a frame after the welcome with 4003", async () => {
    const connection = await carol.openSocket();
    const start = performance.now();
    await connection.handshake();
    expect(await connection.closed).toBe(4003);
    // The heartbeat timeout is 3 s, and a busy machine may take as long. Only the lower bound is certain.
    expect(performance.now() - start).toBeGreaterThan(1000 * timing.handshake - 50);
  });

  it("close a connection with 4003 three heartbeats after its last frame", async () => {
    const connection = await carol.connect();
    for (let beat = 0; beat < 8; beat++) {
      expect(await connection.isQuiet()).toBe(true);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    expect(connection.socket.readyState).toBe(connection.socket.OPEN);
    expect(await connection.closed).toBe(4003);
  });
});
