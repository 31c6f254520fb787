import { randomBytes } from "node:crypto";
import { Ack, ChatMessage, Resume, StatusEvent } from "lacre";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { messageIn, TestServer, type TestUser } from "../support.js";
import type { TestConnection } from "./test-connection.js";

const server = new TestServer();
let alice: TestUser;
let bob: TestUser;
let carol: TestUser;
let chat_id: number;
let fromAlice: TestConnection;
let fromBob: TestConnection;

beforeAll(async () => {
  ({ alice, bob, carol, chat_id } = await server.startWithChat());
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

const messageFrom = ({ id }: TestUser, fields?: Partial<ChatMessage>) =>
  messageIn(chat_id, id, fields);

async function lastSeq(): Promise<number> {
  return (await alice.get("/chats")).body.chats[0].last_seq;
}

describe("a message", () => {
  it("is acknowledged to its sender and delivered to the other member, in order", async () => {
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

  it("gets a seq without gaps while both members send", async () => {
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

  it("is delivered to other devices of its sender, but not to the sending one", async () => {
    const other = await alice.connect();
    const message = messageFrom(alice);
    fromAlice.send(ChatMessage, message);
    expect(await other.next()).toMatchObject({ type: "message", value: message });
    expect((await fromAlice.next()).type).toBe("ack");
    expect(await fromAlice.isQuiet()).toBe(true);
    other.socket.terminate();
  });

  it("is acknowledged again if it is repeated, and delivered once", async () => {
    const message = messageFrom(alice);
    fromAlice.send(ChatMessage, message);
    const first = await fromAlice.next();
    fromAlice.send(ChatMessage, message);
    expect(Reflect.get(await fromAlice.next(), "value")).toEqual(Reflect.get(first, "value"));
    expect((await fromBob.next()).type).toBe("message");
    expect(await fromBob.isQuiet()).toBe(true);
  });

  it("is rejected with the client id of another message", async () => {
    const message = messageFrom(alice);
    fromAlice.send(ChatMessage, message);
    await fromAlice.next();
    fromAlice.send(ChatMessage, { ...message, content: randomBytes(144) });
    const rejection = await fromAlice.next();
    expect(rejection).toMatchObject({
      type: "error",
      value: { error_code: "ERR_CLIENT_ID_REUSED", details: { client_id: message.client_id } },
    });
  });

  it("can be read later over HTTP, page by page", async () => {
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

describe("a receipt", () => {
  const read = (user_id: number, seq?: number): StatusEvent => ({
    ...{ event_type: "read", user_id, chat_id, timestamp: Date.now() / 1000 },
    ...(seq !== undefined && { seq }),
  });

  it("is delivered to the other member, and lowers the unread count", async () => {
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

  it("is delivered only if it raises the watermark. Without seq it covers all messages", async () => {
    const sent = Array.from({ length: 3 }, () => fromAlice.send(ChatMessage, messageFrom(alice)));
    for (const _ of sent) seqOf(await fromAlice.next());
    const last = await lastSeq();
    for (const _ of sent) await fromBob.next();
    for (const seq of [last - 1, last - 1, last - 2]) fromBob.send(StatusEvent, read(bob.id, seq));
    fromBob.send(StatusEvent, read(bob.id));
    for (const seq of [last - 1, last]) {
      expect(await fromAlice.next()).toMatchObject({ type: "status", value: { seq } });
    }
    expect(await fromAlice.isQuiet()).toBe(true);
    expect(await fromBob.isQuiet()).toBe(true);
  });

  it("of type delivered requires the capability", async () => {
    const first = await alice.connect([]);
    fromAlice.send(ChatMessage, messageFrom(alice));
    const seq = seqOf(await fromAlice.next());
    const receipt = { ...read(bob.id, seq), event_type: "delivered" as const };
    fromBob.send(StatusEvent, receipt);
    expect(await fromAlice.next()).toMatchObject({ type: "status", value: { ...receipt } });
    expect((await first.next()).type).toBe("message");
    expect(await first.isQuiet()).toBe(true);
    first.send(StatusEvent, { ...receipt, user_id: alice.id });
    expect(await first.nextError()).toBe("ERR_VALIDATION");
    first.socket.terminate();
  });

  it("is rejected past the last seq, for another user, and for another chat", async () => {
    fromBob.send(StatusEvent, read(bob.id, (await lastSeq()) + 1));
    fromBob.send(StatusEvent, read(alice.id, 1));
    fromBob.send(StatusEvent, { ...read(bob.id, 1), chat_id: 999 });
    fromBob.send(StatusEvent, { ...read(bob.id, 1), event_type: "user_online" });
    for (const code of ["ERR_SEQ_AHEAD", "ERR_FORBIDDEN", "ERR_FORBIDDEN", "ERR_UNSUPPORTED"]) {
      expect(await fromBob.nextError()).toBe(code);
    }
    expect(await fromAlice.isQuiet()).toBe(true);
  });
});

describe("a malicious client", () => {
  it("cannot send in another name or to chats of others", async () => {
    const before = await lastSeq();
    fromAlice.send(ChatMessage, messageFrom(bob));
    expect(await fromAlice.nextError()).toBe("ERR_FORBIDDEN");
    const fromCarol = await carol.connect();
    const message = messageFrom(carol);
    fromCarol.send(ChatMessage, message);
    const { client_id } = message;
    expect(await fromCarol.next()).toMatchObject({
      value: { error_code: "ERR_FORBIDDEN", details: { client_id } },
    });
    fromCarol.send(Resume, { chat_id, after: 0, limit: 10 });
    expect(await fromCarol.next()).toMatchObject({
      value: { error_code: "ERR_FORBIDDEN", details: { resume: chat_id } },
    });
    fromAlice.send(ChatMessage, messageFrom(alice, { epoch: 1 }));
    expect(await fromAlice.nextError()).toBe("ERR_UNSUPPORTED");
    fromCarol.send(Ack, { client_id: client_id!, chat_id, message_id: 1, seq: 1, stored_at: 1 });
    expect(await fromCarol.nextError()).toBe("ERR_UNKNOWN_TYPE");
    expect(await lastSeq()).toBe(before);
    fromCarol.socket.terminate();
  });

  const expectError = async (connection: TestConnection, code: string) => {
    expect(await connection.nextError()).toBe(code);
    expect(await connection.isQuiet()).toBe(true);
  };

  it("receives ERR_MALFORMED for garbage and text", async () => {
    fromAlice.socket.send(randomBytes(100));
    await expectError(fromAlice, "ERR_MALFORMED");
    fromBob.socket.send("text");
    await expectError(fromBob, "ERR_MALFORMED");
  });

  it("receives ERR_VERIFY for a modified frame", async () => {
    const frame = ChatMessage.toProtocol(messageFrom(alice), fromAlice.clientKey, { wire: 2 });
    const bytes = frame.toBytes();
    bytes[bytes.length - 60]! ^= 1;
    fromAlice.socket.send(bytes);
    await expectError(fromAlice, "ERR_VERIFY");
  });

  it("receives ERR_VERIFY for a frame of the server", async () => {
    fromAlice.send(ChatMessage, messageFrom(alice));
    await fromAlice.next();
    fromAlice.socket.send(fromAlice.frames.at(-1)!);
    await expectError(fromAlice, "ERR_VERIFY");
  });

  it("cannot replay a frame, on its connection or on a later one", async () => {
    const before = await lastSeq();
    const frame = fromAlice.send(ChatMessage, messageFrom(alice));
    await fromAlice.next();
    fromAlice.socket.send(frame);
    await expectError(fromAlice, "ERR_REPLAYED");
    fromAlice.socket.terminate();
    const later = await alice.connect();
    later.socket.send(frame);
    await expectError(later, "ERR_VERIFY");
    expect(await lastSeq()).toBe(before + 1);
    later.socket.terminate();
  });

  it("receives ERR_EXPIRED for a frame that is an hour old", async () => {
    const timestamp = Date.now() / 1000 - 3600;
    const old = ChatMessage.toProtocol(messageFrom(alice), fromAlice.clientKey, {
      wire: 2,
      timestamp,
    });
    fromAlice.socket.send(old.toBytes());
    await expectError(fromAlice, "ERR_EXPIRED");
  });

  it("is closed with 1009 after a frame of 2 MiB", async () => {
    fromAlice.socket.send(new Uint8Array(2 * 1024 * 1024));
    expect(await fromAlice.closed).toBe(1009);
  });

  it("receives ERR_VALIDATION for an invalid message, and stays connected", async () => {
    fromAlice.sendUnchecked("message", { chat_id: "x" });
    expect(await fromAlice.nextError()).toBe("ERR_VALIDATION");
    expect(await fromAlice.isQuiet()).toBe(true);
  });

  it("is rejected without a valid token", async () => {
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
