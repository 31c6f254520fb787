import { ChatMessage, Resume, StatusEvent } from "lacre";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isQuick } from "../../../../test/support/runs.js";
import { Client } from "../../harness/client/client.js";
import { until } from "../../harness/until.js";
import { messageIn, TestServer, type TestUser } from "../support.js";
import type { TestConnection } from "./test-connection.js";

/** Two users and their chat, at a server that lets so many frames a second in. */
function stage(framesPerSecond: number) {
  const server = new TestServer(undefined, { RATE_LIMIT_FRAMES: String(framesPerSecond) });
  const people = {} as { alice: TestUser; bob: TestUser; chat_id: number };
  beforeAll(async () => {
    await server.start();
    people.alice = await server.register("alice");
    people.bob = await server.register("bob");
    people.chat_id = await people.alice.chatWith("bob");
  });
  afterAll(() => server.remove());
  return { server, people };
}

const typing = (chat_id: number, user_id: number) =>
  ({ event_type: "typing", chat_id, user_id }) as const;

describe("frames that come too fast", () => {
  // Ten at once, and then two a second.
  const { server, people } = stage(2);

  it("are refused by name where their sender sends them again, and the connection goes on", async () => {
    const { alice, chat_id } = people;
    const connection = await alice.connect();
    const messages = Array.from({ length: 20 }, () => messageIn(chat_id, alice.id));
    const begun = performance.now();
    for (const message of messages) connection.send(ChatMessage, message);
    let refused = 0;
    for (const { client_id } of messages) {
      const { type, value } = (await connection.next()) as { type: string; value: object };
      expect(value).toMatchObject(
        type === "ack"
          ? { client_id }
          : {
              error_code: "ERR_RATE_LIMITED",
              details: { client_id, retry_after: expect.any(Number) },
            },
      );
      if (type === "error") refused += 1;
    }
    const seconds = (performance.now() - begun) / 1000;
    expect(refused).toBeGreaterThanOrEqual(20 - 10 - Math.ceil(2 * seconds));
    expect(refused).toBeGreaterThan(0);
    connection.send(Resume, { chat_id, after: 0, limit: 1 });
    expect(await connection.next()).toMatchObject({
      value: { error_code: "ERR_RATE_LIMITED", details: { resume: chat_id } },
    });
    connection.socket.terminate();
  });

  it("wait where it would not, so that no mark is lost", async () => {
    const { bob } = people;
    // The other one has spent what she may.
    const alice = await server.register("alice2");
    const chat_id = await alice.chatWith("bob");
    const [ofAlice, ofBob] = [await alice.connect(), await bob.connect()];
    ofAlice.send(ChatMessage, messageIn(chat_id, alice.id));
    const { seq } = (await ofBob.nextOf("message")).value as { seq: number };
    for (let count = 0; count < 12; count++) ofBob.send(StatusEvent, typing(chat_id, bob.id));
    ofBob.send(StatusEvent, { event_type: "read", chat_id, user_id: bob.id, seq });
    const mark = await ofAlice.nextOf("status", ({ event_type }) => event_type === "read");
    expect(mark.value).toMatchObject({ user_id: bob.id, seq });
    for (const { socket } of [ofAlice, ofBob]) socket.terminate();
  });

  it("are not even read, past a measure, authentic or not", async () => {
    const { alice } = people;
    const connection = await alice.connect();
    const frame = new Uint8Array(10_000);
    // What the server does not read waits at its sender, once what lies between them is full.
    const isHeldBack = () => {
      for (let count = 0; count < 100; count++) connection.socket.send(frame);
      return connection.socket.bufferedAmount > 10_000_000;
    };
    expect(await until(isHeldBack, 30)).toBe(true);
    expect(connection.frames.length).toBeLessThan(200);
    connection.socket.terminate();
  });
});

describe("an honest client", () => {
  const { server, people } = stage(100);

  it.skipIf(isQuick)(
    "that empties an outbox of 1,000 is slowed down, and neither refused nor closed",
    async () => {
      const { alice, chat_id } = people;
      const client = new Client({
        account: {
          username: "alice",
          user_id: alice.id,
          access_token: alice.token,
          session_key: alice.sessionKey,
        },
        chats: [chat_id],
        urlOf: () => server.url,
        random: Math.random,
      });
      client.start();
      for (let count = 0; count < 1000; count++) client.write(chat_id);
      expect(await until(() => client.record.sent.size === 1000, 50)).toBe(true);
      const { failed, surprises, timesOffline } = client.record;
      expect({ failed: failed.size, surprises, timesOffline }).toEqual({
        failed: 0,
        surprises: [],
        timesOffline: 0,
      });
      client.kill();
    },
  );
});

describe("a client that does not read", () => {
  const { server, people } = stage(10_000);
  const content = new Uint8Array(200_000);
  let ofAlice: TestConnection;
  beforeAll(async () => {
    ofAlice = await people.alice.connect();
  });

  async function write(): Promise<void> {
    const { alice, chat_id } = people;
    ofAlice.send(ChatMessage, messageIn(chat_id, alice.id, { content }));
    await ofAlice.nextOf("ack");
  }

  const closedWith = (code: number) =>
    server.log.some((line) => line.includes('"disconnected"') && line.includes(`"code":${code}`));

  it("is closed with 4004 when a mebibyte waits for it, and others do not feel it", async () => {
    const { bob } = people;
    const [slow, quick] = [await bob.connect(), await bob.connect()];
    slow.socket.pause();
    let sent = 0;
    // Some of it fits between the two ends, and is not the server's.
    while (!closedWith(4004) && sent < 200) {
      await write();
      await quick.nextOf("message");
      sent += 1;
    }
    // It is logged when the socket has gone, for which the server waits a moment.
    expect(await until(() => closedWith(4004), 10)).toBe(true);
    slow.socket.resume();
    expect([1006, 4004]).toContain(await slow.closed);
    expect(slow.frames.length).toBeLessThan(sent);
    expect(await quick.isQuiet()).toBe(true);
    quick.socket.terminate();
  });

  it("but asks for much is answered as it reads, and not closed for what it asked for", async () => {
    const { bob, chat_id } = people;
    const slow = await bob.connect();
    slow.socket.pause();
    for (let count = 0; count < 60; count++) slow.send(Resume, { chat_id, after: 0, limit: 100 });
    await write();
    slow.socket.resume();
    let answers = 0;
    while (answers < 60) {
      await slow.nextOf("message_list");
      answers += 1;
    }
    slow.socket.terminate();
  });
});
