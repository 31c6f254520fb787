import { randomBytes, randomUUID } from "node:crypto";
import { ChatMessage, Heartbeat, MessageProtocol, StatusEvent } from "lacre";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { type TestConnection, TestServer, type TestUser } from "./support.js";

const server = new TestServer();
let alice: TestUser;
let bob: TestUser;
let carol: TestUser;
let chat_id: number;
let fromAlice: TestConnection;
let fromBob: TestConnection;

beforeAll(async () => {
  await server.start();
  alice = await server.register("alice");
  bob = await server.register("bob");
  carol = await server.register("carol");
  chat_id = await alice.chatWith("bob");
});
afterAll(() => server.remove());

beforeEach(async () => {
  fromAlice = await alice.connect();
  fromBob = await bob.connect();
});
afterEach(() => {
  fromAlice.socket.terminate();
  fromBob.socket.terminate();
});

function messageFrom({ id }: TestUser, fields: Partial<ChatMessage> = {}): ChatMessage {
  return {
    chat_id,
    sender_id: id,
    content: new Uint8Array(randomBytes(144)),
    nonce: new Uint8Array(randomBytes(12)),
    timestamp: Math.floor(Date.now()) / 1000,
    client_id: randomUUID(),
    ...fields,
  };
}

async function lastSeq(): Promise<number> {
  return (await alice.get("/chats")).body.chats[0].last_seq;
}

describe("alice writes to bob", () => {
  it("and hears that it is stored, and he gets what she wrote", async () => {
    const before = await lastSeq();
    const messages = Array.from({ length: 20 }, () => messageFrom(alice));
    for (const message of messages) fromAlice.send(ChatMessage, message);
    for (const [at, message] of messages.entries()) {
      const { client_id } = message;
      const seq = before + at + 1;
      expect(await fromAlice.next()).toMatchObject({ type: "ack", value: { client_id, seq } });
      expect(await fromBob.next()).toMatchObject({ type: "message", value: { ...message, seq } });
    }
    expect(await fromAlice.isQuiet()).toBe(true);
  });

  it("while he writes too, and there is no hole in the seqs", async () => {
    const before = await lastSeq();
    for (let count = 0; count < 20; count++) {
      fromAlice.send(ChatMessage, messageFrom(alice));
      fromBob.send(ChatMessage, messageFrom(bob));
    }
    const seqs: number[] = [];
    while (seqs.length < 40) seqs.push(seqOf(await fromAlice.next()));
    const expected = Array.from({ length: 40 }, (_, at) => before + at + 1);
    expect(seqs.sort((a, b) => a - b)).toEqual(expected);
  });

  it("and her other devices see it, and the one that it came from does not", async () => {
    const other = await alice.connect();
    const message = messageFrom(alice);
    fromAlice.send(ChatMessage, message);
    expect(await other.next()).toMatchObject({ type: "message", value: message });
    expect((await fromAlice.next()).type).toBe("ack");
    expect(await fromAlice.isQuiet()).toBe(true);
    other.socket.terminate();
  });

  it("again, because she heard nothing, and it is the same message", async () => {
    const message = messageFrom(alice);
    fromAlice.send(ChatMessage, message);
    const first = await fromAlice.next();
    fromAlice.send(ChatMessage, message);
    expect(Reflect.get(await fromAlice.next(), "value")).toEqual(Reflect.get(first, "value"));
    expect((await fromBob.next()).type).toBe("message");
    expect(await fromBob.isQuiet()).toBe(true);
  });

  it("something else under the same client id, which is refused", async () => {
    const message = messageFrom(alice);
    fromAlice.send(ChatMessage, message);
    await fromAlice.next();
    fromAlice.send(ChatMessage, { ...message, content: randomBytes(144) });
    const refused = await fromAlice.next();
    expect(refused).toMatchObject({
      type: "error",
      value: { error_code: "ERR_CLIENT_ID_REUSED", details: { client_id: message.client_id } },
    });
  });

  it("and he reads it later, page by page", async () => {
    const before = await lastSeq();
    const messages = Array.from({ length: 5 }, () => messageFrom(alice));
    for (const message of messages) fromAlice.send(ChatMessage, message);
    for (const _ of messages) await fromAlice.next();
    const first = (await bob.get(`/chats/${chat_id}/messages?after=${before}&limit=3`)).body;
    expect(first).toMatchObject({ chat_id, after: before, through: before + 3, has_more: true });
    const second = (await bob.get(`/chats/${chat_id}/messages?after=${first.through}`)).body;
    expect(second).toMatchObject({ through: before + 5, has_more: false });
    const stored = [...first.messages, ...second.messages].map((item) => ChatMessage.parse(item));
    expect(stored.map(({ content }) => Buffer.from(content))).toEqual(
      messages.map(({ content }) => Buffer.from(content)),
    );
    for (const query of ["limit=101", "limit=0", "after=-1", "after=x"]) {
      expect((await bob.get(`/chats/${chat_id}/messages?${query}`)).status).toBe(422);
    }
  });
});

describe("bob reads", () => {
  const read = (user_id: number, seq?: number): StatusEvent => ({
    ...{ event_type: "read", user_id, chat_id, timestamp: Date.now() / 1000 },
    ...(seq !== undefined && { seq }),
  });

  it("and alice is told, and he has nothing unread any more", async () => {
    fromAlice.send(ChatMessage, messageFrom(alice));
    await fromAlice.next();
    expect((await bob.get("/chats")).body.chats[0].unread).toBeGreaterThan(0);
    const seq = await lastSeq();
    fromBob.send(StatusEvent, read(bob.id, seq));
    expect(await fromAlice.next()).toMatchObject({
      type: "status",
      value: { event_type: "read", user_id: bob.id, seq },
    });
    expect((await bob.get("/chats")).body.chats[0].unread).toBe(0);
  });

  it("but neither what is not written yet, nor as alice, nor elsewhere", async () => {
    fromBob.send(StatusEvent, read(bob.id, (await lastSeq()) + 1));
    fromBob.send(StatusEvent, read(bob.id));
    fromBob.send(StatusEvent, read(alice.id, 1));
    fromBob.send(StatusEvent, { ...read(bob.id, 1), chat_id: 999 });
    fromBob.send(StatusEvent, { ...read(bob.id, 1), event_type: "user_online" });
    // The message of the test before comes first.
    const errors = [];
    while (errors.length < 5) {
      const frame = await fromBob.next();
      if (frame.type === "error") errors.push(frame.value.error_code);
    }
    expect(errors).toEqual([
      "ERR_SEQ_OUT_OF_RANGE",
      "ERR_SEQ_OUT_OF_RANGE",
      "ERR_FOREIGN_SENDER",
      "ERR_CHAT_NOT_FOUND",
      "ERR_UNSUPPORTED",
    ]);
    expect(await fromAlice.isQuiet()).toBe(true);
  });
});

describe("mallory", () => {
  it("writes as bob, or into a chat that is not hers, in vain", async () => {
    const before = await lastSeq();
    fromAlice.send(ChatMessage, messageFrom(bob));
    expect(await fromAlice.nextError()).toBe("ERR_FOREIGN_SENDER");
    const fromCarol = await carol.connect();
    fromCarol.send(ChatMessage, messageFrom(carol));
    expect(await fromCarol.nextError()).toBe("ERR_CHAT_NOT_FOUND");
    fromCarol.send(ChatMessage, messageFrom(carol, { epoch: 1 }));
    expect(await fromCarol.nextError()).toBe("ERR_UNSUPPORTED");
    fromCarol.send(Heartbeat, { sent_at: 1 });
    expect(await fromCarol.nextError()).toBe("ERR_UNKNOWN_TYPE");
    expect(await lastSeq()).toBe(before);
    fromCarol.socket.terminate();
  });

  const thrownOut = async (connection: TestConnection, code: string) => {
    expect(await connection.nextError()).toBe(code);
    expect(await connection.closed).toBe(1008);
  };

  it("sends garbage, and is thrown out", async () => {
    fromAlice.socket.send(randomBytes(100));
    await thrownOut(fromAlice, "ERR_MALFORMED");
    fromBob.socket.send("text");
    await thrownOut(fromBob, "ERR_MALFORMED");
  });

  it("changes a byte, and is thrown out", async () => {
    const frame = ChatMessage.toProtocol(messageFrom(alice), fromAlice.clientKey, { wire: 2 });
    const bytes = frame.toBytes();
    bytes[bytes.length - 60]! ^= 1;
    fromAlice.socket.send(bytes);
    await thrownOut(fromAlice, "ERR_VERIFY");
  });

  it("sends the server's frame back, and is thrown out", async () => {
    fromAlice.send(ChatMessage, messageFrom(alice));
    await fromAlice.next();
    fromAlice.socket.send(fromAlice.frames[0]!);
    await thrownOut(fromAlice, "ERR_VERIFY");
  });

  it("replays a frame, on this connection or another, and is thrown out", async () => {
    const frame = fromAlice.send(ChatMessage, messageFrom(alice));
    await fromAlice.next();
    const other = await alice.connect();
    other.socket.send(frame);
    await thrownOut(other, "ERR_REPLAYED");
    fromAlice.socket.send(frame);
    await thrownOut(fromAlice, "ERR_REPLAYED");
  });

  it("sends a frame of an hour ago, and is thrown out", async () => {
    const timestamp = Date.now() / 1000 - 3600;
    const old = ChatMessage.toProtocol(messageFrom(alice), fromAlice.clientKey, {
      wire: 2,
      timestamp,
    });
    fromAlice.socket.send(old.toBytes());
    await thrownOut(fromAlice, "ERR_EXPIRED");
  });

  it("sends two megabytes, and is thrown out", async () => {
    fromAlice.socket.send(new Uint8Array(2 * 1024 * 1024));
    expect(await fromAlice.closed).toBe(1009);
  });

  it("sends a message that is none, and may go on", async () => {
    const odd = new MessageProtocol({ type: "message", payload: { chat_id: "x" }, wire: 2 });
    fromAlice.socket.send(odd.sign(fromAlice.clientKey).toBytes());
    expect(await fromAlice.nextError()).toBe("ERR_VALIDATION");
    expect(await fromAlice.isQuiet()).toBe(true);
  });

  it("does not get in without a token", async () => {
    for (const query of ["", "?token=", `?token=${alice.token.slice(1)}`]) {
      const socket = new WebSocket(`${server.url.replace("http", "ws")}/ws${query}`);
      const error = await new Promise((resolve) => socket.once("error", resolve));
      expect(String(error)).toContain("401");
    }
  });
});

function seqOf(frame: unknown): number {
  return (frame as { value: { seq: number } }).value.seq;
}
