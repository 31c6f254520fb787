import { once } from "node:events";
import { ChatMessage, MessageProtocol, SigningKey, StatusEvent } from "lacre";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ClientOptions, WebSocket } from "ws";
import { describeWithPython, Peer } from "../../../../test/interop/peer.js";
import { DEFAULT_TIMING } from "../../src/websocket/timing.js";
import { messageIn, TestServer, type TestUser } from "../support.js";

const SECRET = "the shared secret of all version 1 clients";
const key = SigningKey.from(SECRET);

/** A version 1 client: it sends no hello, and all its frames are signed with the shared secret. */
class LegacyClient {
  readonly frames: Buffer[] = [];
  readonly socket: WebSocket;
  #read = 0;

  constructor(server: TestServer, { token }: TestUser, options: ClientOptions = {}) {
    const url = `${server.url.replace("http", "ws")}/ws?token=${token}`;
    this.socket = new WebSocket(url, options);
    this.socket.on("message", (bytes: Buffer) => this.frames.push(bytes));
  }

  async next(): Promise<MessageProtocol> {
    while (this.frames.length === this.#read) await once(this.socket, "message");
    return MessageProtocol.open(this.frames[this.#read++]!, { key });
  }

  /** Skips frames, and returns the next one of a type. */
  async nextOf(type: string): Promise<MessageProtocol> {
    for (;;) {
      const message = await this.next();
      if (message.type === type) return message;
    }
  }
}

describe("version 1 clients, if FIRST_VERSION_SECRET is set", () => {
  const server = new TestServer(
    // Long enough for other clients to send their hello in on a busy machine.
    { ...DEFAULT_TIMING, legacyDetection: 1.5 },
    { FIRST_VERSION_SECRET: SECRET },
  );
  let alice: TestUser;
  let bob: TestUser;
  let chat_id: number;

  beforeAll(async () => {
    ({ alice, bob, chat_id } = await server.startWithChat());
  });
  afterAll(() => server.remove());

  it("receive messages without sending a frame, on wire 1 and signed with the secret", async () => {
    const legacy = new LegacyClient(server, bob);
    await once(legacy.socket, "open");
    await new Promise((resolve) => setTimeout(resolve, 2500));
    const ofAlice = await alice.connect();
    const message = messageIn(chat_id, alice.id);
    ofAlice.send(ChatMessage, message);
    const delivered = await legacy.nextOf("message");
    expect(delivered.wire).toBe(1);
    expect(ChatMessage.fromProtocol(delivered)).toMatchObject({
      chat_id,
      sender_id: alice.id,
      content: message.content,
    });
    for (const { socket } of [legacy, ofAlice]) socket.terminate();
  });

  it("send messages, and receive only types of version 1", async () => {
    const legacy = new LegacyClient(server, bob);
    await once(legacy.socket, "open");
    const ofAlice = await alice.connect(["delivered"]);
    const { client_id: _, ...message } = messageIn(chat_id, bob.id);
    legacy.socket.send(ChatMessage.toProtocol(message, key).toBytes());
    const delivered = await ofAlice.nextOf("message");
    expect(delivered.value).toMatchObject({ sender_id: bob.id, content: message.content });
    const { seq } = delivered.value as { seq: number };
    for (const event_type of ["delivered", "read"] as const) {
      ofAlice.send(StatusEvent, { event_type, chat_id, user_id: alice.id, seq });
    }
    const known = new Set(["message", "status", "error"]);
    while (StatusEvent.fromProtocol(await legacy.nextOf("status")).event_type !== "read");
    for (const frame of legacy.frames) {
      const opened = MessageProtocol.fromBytes(frame);
      expect(known).toContain(opened.type);
      if (opened.type === "status") expect(opened.payload.event_type).not.toBe("delivered");
    }
    for (const { socket } of [legacy, ofAlice]) socket.terminate();
  });

  it("cannot repeat their own frames or frames of the server", async () => {
    const legacy = new LegacyClient(server, bob);
    const other = new LegacyClient(server, bob);
    await Promise.all([once(legacy.socket, "open"), once(other.socket, "open")]);
    const ofAlice = await alice.connect();
    other.socket.send(
      StatusEvent.toProtocol({ event_type: "typing", chat_id, user_id: bob.id }, key).toBytes(),
    );
    await ofAlice.nextOf("status", ({ event_type }) => event_type === "typing");
    const { client_id: _, ...message } = messageIn(chat_id, bob.id);
    const frame = ChatMessage.toProtocol(message, key).toBytes();
    legacy.socket.send(frame);
    await other.nextOf("message");
    const fromServer = other.frames.at(-1)!;
    for (const again of [frame, fromServer]) {
      other.socket.send(again);
      expect((await other.nextOf("error")).payload.error_code).toBe("ERR_REPLAYED");
    }
    for (const { socket } of [legacy, other, ofAlice]) socket.terminate();
  });

  it("are closed after a first frame with another secret", async () => {
    const legacy = new LegacyClient(server, bob);
    await once(legacy.socket, "open");
    const otherKey = SigningKey.from("another secret of at least 32 bytes");
    legacy.socket.send(ChatMessage.toProtocol(messageIn(chat_id, bob.id), otherKey).toBytes());
    expect((await once(legacy.socket, "close"))[0]).toBe(1008);
  });

  it("cannot send messages in the name of another user", async () => {
    const legacy = new LegacyClient(server, bob);
    await once(legacy.socket, "open");
    legacy.socket.send(ChatMessage.toProtocol(messageIn(chat_id, alice.id), key).toBytes());
    expect((await legacy.nextOf("error")).payload.error_code).toBe("ERR_FORBIDDEN");
    legacy.socket.terminate();
  });
});

describe("idle version 1 clients", () => {
  const server = new TestServer(
    { ...DEFAULT_TIMING, legacyDetection: 0.2, heartbeat: 0.6 },
    { FIRST_VERSION_SECRET: SECRET },
  );
  beforeAll(() => server.start());
  afterAll(() => server.remove());

  it("are disconnected when they no longer answer pings", async () => {
    const carol = await server.register("carol");
    const answering = new LegacyClient(server, carol);
    await once(answering.socket, "open");
    const silent = new LegacyClient(server, carol, { autoPong: false });
    const [code] = await once(silent.socket, "close");
    expect(code).toBe(4003);
    expect(answering.socket.readyState).toBe(WebSocket.OPEN);
    answering.socket.terminate();
  });
});

describeWithPython("a Python peer", () => {
  const server = new TestServer(DEFAULT_TIMING, { FIRST_VERSION_SECRET: SECRET });
  const python = new Peer();
  let alice: TestUser;
  let bob: TestUser;
  let chat_id: number;

  beforeAll(async () => {
    ({ alice, bob, chat_id } = await server.startWithChat());
  });
  afterAll(async () => {
    python.stop();
    await server.remove();
  });

  it("exchanges messages with a client of the current version", async () => {
    const legacy = new LegacyClient(server, bob);
    await once(legacy.socket, "open");
    const ofAlice = await alice.connect();
    const { client_id: _, ...written } = messageIn(chat_id, bob.id);
    const request = {
      secret: SECRET,
      type: "message",
      fields: written,
      timestamp: Date.now() / 1000,
    };
    const { frame } = await python.call<{ frame: string }>("make_message", request);
    legacy.socket.send(Buffer.from(frame, "hex"));
    const { value } = await ofAlice.nextOf("message");
    expect(value).toMatchObject({ ...written, chat_id });

    const answer = messageIn(chat_id, alice.id);
    ofAlice.send(ChatMessage, answer);
    await legacy.nextOf("message");
    const received = legacy.frames.at(-1)!.toString("hex");
    const checkRequest = { secret: SECRET, frame: received };
    expect(await python.call("check", checkRequest)).toMatchObject({
      verified: true,
      type: "message",
      payload: {
        chat_id,
        sender_id: alice.id,
        content: Buffer.from(answer.content).toString("base64"),
        nonce: Buffer.from(answer.nonce).toString("base64"),
        timestamp: answer.timestamp,
        message_id: expect.any(Number),
      },
    });
    for (const { socket } of [legacy, ofAlice]) socket.terminate();
  });
});

describe("version 1 clients, if FIRST_VERSION_SECRET is not set", () => {
  const server = new TestServer();
  let bob: TestUser;
  beforeAll(async () => {
    await server.start();
    bob = await server.register("bob");
  });
  afterAll(() => server.remove());

  it("are closed after their first frame", async () => {
    const legacy = new LegacyClient(server, bob);
    await once(legacy.socket, "open");
    legacy.socket.send(ChatMessage.toProtocol(messageIn(1, bob.id), key).toBytes());
    expect((await once(legacy.socket, "close"))[0]).toBe(1008);
  });
});
