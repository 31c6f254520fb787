import { once } from "node:events";
import { ChatMessage, MessageProtocol, SigningKey, StatusEvent } from "lacre";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ClientOptions, WebSocket } from "ws";
import { describeWithPython, Peer } from "../../../../test/interop/peer.js";
import { DEFAULT_TIMING } from "../../src/websocket/timing.js";
import { messageIn, TestServer, type TestUser } from "../support.js";

const SECRET = "the one secret of all peers of the first version";
const key = SigningKey.from(SECRET);

class FirstVersionPeer {
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

  /** The next frame that is not about who is there. */
  async nextOf(type: string): Promise<MessageProtocol> {
    for (;;) {
      const message = await this.next();
      if (message.type === type) return message;
    }
  }
}

describe("peers of the first version, where they are served", () => {
  const server = new TestServer(
    { ...DEFAULT_TIMING, legacyDetection: 0.3 },
    { FIRST_VERSION_SECRET: SECRET },
  );
  let alice: TestUser;
  let bob: TestUser;
  let chat_id: number;

  beforeAll(async () => {
    await server.start();
    alice = await server.register("alice");
    bob = await server.register("bob");
    chat_id = await alice.chatWith("bob");
  });
  afterAll(() => server.remove());

  it("say nothing, and get what is written to them, on wire 1 and under the secret", async () => {
    const old = new FirstVersionPeer(server, bob);
    await once(old.socket, "open");
    await new Promise((resolve) => setTimeout(resolve, 1200));
    const ofAlice = await alice.connect();
    const message = messageIn(chat_id, alice.id);
    ofAlice.send(ChatMessage, message);
    const got = await old.nextOf("message");
    expect(got.wire).toBe(1);
    expect(ChatMessage.fromProtocol(got)).toMatchObject({
      chat_id,
      sender_id: alice.id,
      content: message.content,
    });
    for (const { socket } of [old, ofAlice]) socket.terminate();
  });

  it("write, and get no type that they do not know", async () => {
    const old = new FirstVersionPeer(server, bob);
    await once(old.socket, "open");
    const ofAlice = await alice.connect(["delivered"]);
    const { client_id: _, ...message } = messageIn(chat_id, bob.id);
    old.socket.send(ChatMessage.toProtocol(message, key).toBytes());
    const got = await ofAlice.nextOf("message");
    expect(got.value).toMatchObject({ sender_id: bob.id, content: message.content });
    const { seq } = got.value as { seq: number };
    for (const event_type of ["delivered", "read"] as const) {
      ofAlice.send(StatusEvent, { event_type, chat_id, user_id: alice.id, seq });
    }
    const known = new Set(["message", "status", "error"]);
    while (StatusEvent.fromProtocol(await old.nextOf("status")).event_type !== "read");
    for (const frame of old.frames) {
      const opened = MessageProtocol.fromBytes(frame);
      expect(known).toContain(opened.type);
      if (opened.type === "status") expect(opened.payload.event_type).not.toBe("delivered");
    }
    for (const { socket } of [old, ofAlice]) socket.terminate();
  });

  it("have no frame taken twice, nor one that went to them", async () => {
    const old = new FirstVersionPeer(server, bob);
    const other = new FirstVersionPeer(server, bob);
    await Promise.all([once(old.socket, "open"), once(other.socket, "open")]);
    const ofAlice = await alice.connect();
    other.socket.send(
      StatusEvent.toProtocol({ event_type: "typing", chat_id, user_id: bob.id }, key).toBytes(),
    );
    await ofAlice.nextOf("status", ({ event_type }) => event_type === "typing");
    const { client_id: _, ...message } = messageIn(chat_id, bob.id);
    const frame = ChatMessage.toProtocol(message, key).toBytes();
    old.socket.send(frame);
    await other.nextOf("message");
    const reflected = other.frames.at(-1)!;
    for (const again of [frame, reflected]) {
      other.socket.send(again);
      expect((await other.nextOf("error")).payload.error_code).toBe("ERR_REPLAYED");
    }
    for (const { socket } of [old, other, ofAlice]) socket.terminate();
  });

  it("are closed at a first frame that does not bear the secret", async () => {
    const old = new FirstVersionPeer(server, bob);
    await once(old.socket, "open");
    const foreign = SigningKey.from("not the secret of these peers at all");
    old.socket.send(ChatMessage.toProtocol(messageIn(chat_id, bob.id), foreign).toBytes());
    expect((await once(old.socket, "close"))[0]).toBe(1008);
  });

  it("write under nobody else's name", async () => {
    const old = new FirstVersionPeer(server, bob);
    await once(old.socket, "open");
    old.socket.send(ChatMessage.toProtocol(messageIn(chat_id, alice.id), key).toBytes());
    expect((await old.nextOf("error")).payload.error_code).toBe("ERR_FORBIDDEN");
    old.socket.terminate();
  });
});

describe("peers of the first version that say nothing", () => {
  const server = new TestServer(
    { ...DEFAULT_TIMING, legacyDetection: 0.2, heartbeat: 0.6 },
    { FIRST_VERSION_SECRET: SECRET },
  );
  beforeAll(() => server.start());
  afterAll(() => server.remove());

  it("are kept as long as they answer pings, and no longer", async () => {
    const carol = await server.register("carol");
    const living = new FirstVersionPeer(server, carol);
    await once(living.socket, "open");
    const dead = new FirstVersionPeer(server, carol, { autoPong: false });
    const [code] = await once(dead.socket, "close");
    expect(code).toBe(4003);
    expect(living.socket.readyState).toBe(WebSocket.OPEN);
    living.socket.terminate();
  });
});

describeWithPython("a peer in Python", () => {
  const server = new TestServer(DEFAULT_TIMING, { FIRST_VERSION_SECRET: SECRET });
  const python = new Peer();
  let alice: TestUser;
  let bob: TestUser;
  let chat_id: number;

  beforeAll(async () => {
    await server.start();
    alice = await server.register("alice");
    bob = await server.register("bob");
    chat_id = await alice.chatWith("bob");
  });
  afterAll(async () => {
    python.stop();
    await server.remove();
  });

  it("writes to alice, and verifies and reads what she answers", async () => {
    const old = new FirstVersionPeer(server, bob);
    await once(old.socket, "open");
    const ofAlice = await alice.connect();
    const { client_id: _, ...written } = messageIn(chat_id, bob.id);
    const made = { secret: SECRET, type: "message", fields: written, timestamp: Date.now() / 1000 };
    const { frame } = await python.call<{ frame: string }>("make_message", made);
    old.socket.send(Buffer.from(frame, "hex"));
    const { value } = await ofAlice.nextOf("message");
    expect(value).toMatchObject({ ...written, chat_id });

    const answer = messageIn(chat_id, alice.id);
    ofAlice.send(ChatMessage, answer);
    await old.nextOf("message");
    const received = old.frames.at(-1)!.toString("hex");
    const checked = { secret: SECRET, frame: received };
    expect(await python.call("check", checked)).toMatchObject({
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
    for (const { socket } of [old, ofAlice]) socket.terminate();
  });
});

describe("peers of the first version, where they are not served", () => {
  const server = new TestServer();
  let bob: TestUser;
  beforeAll(async () => {
    await server.start();
    bob = await server.register("bob");
  });
  afterAll(() => server.remove());

  it("are closed at their first frame", async () => {
    const old = new FirstVersionPeer(server, bob);
    await once(old.socket, "open");
    old.socket.send(ChatMessage.toProtocol(messageIn(1, bob.id), key).toBytes());
    expect((await once(old.socket, "close"))[0]).toBe(1008);
  });
});
