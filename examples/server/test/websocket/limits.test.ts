import { ChatMessage, Resume, StatusEvent } from "lacre";
import { beforeAll, describe, expect, it } from "vitest";
import { until } from "../../harness/until.js";
import { messageIn } from "../support.js";
import { useLimitedServer } from "./limited-server.js";
import { createSessionClient } from "./session-client.js";
import type { TestConnection } from "./test-connection.js";

const typing = (chat_id: number, user_id: number) =>
  ({ event_type: "typing", chat_id, user_id }) as const;

describe("frames above the limit", () => {
  // A burst of ten points, and then two a second.
  const { server, users } = useLimitedServer(2);

  it("are rejected with their client id or chat, without closing the connection", async () => {
    const { alice, chat_id } = users;
    const connection = await alice.connect();
    const messages = Array.from({ length: 20 }, () => messageIn(chat_id, alice.id));
    const begun = performance.now();
    for (const message of messages) connection.send(ChatMessage, message);
    let rejected = 0;
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
      if (type === "error") rejected += 1;
    }
    const seconds = (performance.now() - begun) / 1000;
    expect(rejected).toBeGreaterThanOrEqual(20 - 10 - Math.ceil(2 * seconds));
    expect(rejected).toBeGreaterThan(0);
    connection.send(Resume, { chat_id, after: 0, limit: 1 });
    expect(await connection.next()).toMatchObject({
      value: { error_code: "ERR_RATE_LIMITED", details: { resume: chat_id } },
    });
    connection.socket.terminate();
  });

  it("wait if they are receipts, which clients do not repeat", async () => {
    const { bob } = users;
    // The first test has used the points of alice.
    const alice = await server.register("alice2");
    const chat_id = await alice.chatWith("bob");
    const [ofAlice, ofBob] = [await alice.connect(), await bob.connect()];
    ofAlice.send(ChatMessage, messageIn(chat_id, alice.id));
    const { seq } = (await ofBob.nextOf("message")).value as { seq: number };
    for (let count = 0; count < 12; count++) ofBob.send(StatusEvent, typing(chat_id, bob.id));
    ofBob.send(StatusEvent, { event_type: "read", chat_id, user_id: bob.id, seq });
    const receipt = await ofAlice.nextOf("status", ({ event_type }) => event_type === "read");
    expect(receipt.value).toMatchObject({ user_id: bob.id, seq });
    for (const { socket } of [ofAlice, ofBob]) socket.terminate();
  });

  it("are not read from the socket beyond a limit, valid or not", async () => {
    const { alice } = users;
    const connection = await alice.connect();
    const frame = new Uint8Array(10_000);
    // Unread data fills the socket buffers, and then the buffer of the client.
    const isBlocked = () => {
      for (let count = 0; count < 100; count++) connection.socket.send(frame);
      return connection.socket.bufferedAmount > 10_000_000;
    };
    expect(await until(isBlocked, 30)).toBe(true);
    expect(connection.frames.length).toBeLessThan(200);
    connection.socket.terminate();
  });
});

describe("a correct client", () => {
  const { server, users } = useLimitedServer(100);

  it("that sends an outbox of 1,000 messages is slowed down, but not rejected or closed", async () => {
    const { alice, chat_id } = users;
    const client = createSessionClient(alice, chat_id, server.url);
    client.start();
    for (let count = 0; count < 1000; count++) client.write(chat_id);
    expect(await until(() => client.record.sent.size === 1000, 150)).toBe(true);
    const { failed, unexpected, timesOffline } = client.record;
    expect({ failed: failed.size, unexpected, timesOffline }).toEqual({
      failed: 0,
      unexpected: [],
      timesOffline: 0,
    });
    client.kill();
  }, 180_000);
});

describe("a client that does not read", () => {
  const { server, users } = useLimitedServer(10_000);
  const content = new Uint8Array(200_000);
  let ofAlice: TestConnection;
  beforeAll(async () => {
    ofAlice = await users.alice.connect();
  });

  async function write(): Promise<void> {
    const { alice, chat_id } = users;
    ofAlice.send(ChatMessage, messageIn(chat_id, alice.id, { content }));
    await ofAlice.nextOf("ack");
  }

  const closedWith = (code: number) =>
    server.log.some((line) => line.includes('"disconnected"') && line.includes(`"code":${code}`));

  it("is closed with 4004 when 1 MiB is queued for it, without effect on others", async () => {
    const { bob } = users;
    const [slow, quick] = [await bob.connect(), await bob.connect()];
    slow.socket.pause();
    let sent = 0;
    // The socket buffers take some messages, which do not count.
    while (!closedWith(4004) && sent < 200) {
      await write();
      await quick.nextOf("message");
      sent += 1;
    }
    // The server logs the code when the socket is closed.
    expect(await until(() => closedWith(4004), 30)).toBe(true);
    slow.socket.resume();
    expect([1006, 4004]).toContain(await slow.closed);
    expect(slow.frames.length).toBeLessThan(sent);
    expect(await quick.isQuiet()).toBe(true);
    quick.socket.terminate();
  });

  it("receives the answers to its own requests when it reads again, without being closed", async () => {
    const { bob, chat_id } = users;
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
