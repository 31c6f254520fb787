import { ChatMessage, StatusEvent } from "lacre";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeIf } from "../../../../test/support/optional.js";
import { isQuick } from "../../../../test/support/runs.js";
import { Client } from "../../harness/client/client.js";
import { isRedisInstalled, RedisProcess } from "../../harness/processes/redis-process.js";
import { until } from "../../harness/until.js";
import { DEFAULT_TIMING } from "../../src/websocket/timing.js";
import { messageIn, TestServer, type TestUser } from "../support.js";

/** Seconds in which all is as it was when Redis is back. */
const RECOVERY = 10;

const redis = await RedisProcess.create();
const server = new TestServer(
  { ...DEFAULT_TIMING, offlineDelay: 0.3, sessionCheck: 1 },
  { REDIS_URL: redis.url },
  2,
);

describeIf(isRedisInstalled, "redis-server")("alice and bob, each at another instance", () => {
  let alice: TestUser;
  let bob: TestUser;
  let chat_id: number;

  beforeAll(async () => {
    await redis.start();
    await server.start();
    alice = await server.register("alice");
    bob = await server.register("bob");
    chat_id = await alice.chatWith("bob");
  });
  afterAll(async () => {
    await server.remove();
    await redis.remove();
  });

  function connectAt(instance: number, user: TestUser) {
    server.askNext(instance);
    return user.connect();
  }

  function clientAt(instance: number, user: TestUser, username: string): Client {
    const { id: user_id, token: access_token, sessionKey: session_key } = user;
    server.askNext(instance);
    const { url } = server;
    return new Client({
      account: { username, user_id, access_token, session_key },
      chats: [chat_id],
      urlOf: () => url,
      random: Math.random,
    });
  }

  const hasGot = ({ record }: Client, client_id: string) =>
    record.received.some((one) => one.client_id === client_id);

  /** Waits until each instance has heard the other, and has sent back whoever may have missed something. */
  async function meetAgain(): Promise<void> {
    const [ofAlice, ofBob] = [clientAt(0, alice, "alice"), clientAt(1, bob, "bob")];
    for (const client of [ofAlice, ofBob]) client.start();
    // The first one may come with what they ask for when they come, the second one does not.
    for (let round = 0; round < 2; round++) {
      const [one, other] = [ofAlice.write(chat_id).client_id, ofBob.write(chat_id).client_id];
      const haveBoth = () => hasGot(ofBob, one) && hasGot(ofAlice, other);
      expect(await until(haveBoth, RECOVERY)).toBe(true);
    }
    for (const client of [ofAlice, ofBob]) client.kill();
  }

  it("see each other come and go", async () => {
    const ofAlice = await connectAt(0, alice);
    const ofBob = await connectAt(1, bob);
    for (const [connection, peer] of [
      [ofAlice, bob],
      [ofBob, alice],
    ] as const) {
      expect((await connection.nextOf("status")).value).toMatchObject({
        event_type: "user_online",
        user_id: peer.id,
      });
    }
    ofBob.socket.terminate();
    expect((await ofAlice.nextOf("status")).value).toMatchObject({ event_type: "user_offline" });
    ofAlice.socket.terminate();
  });

  it("learn at once of a chat that a third person creates", async () => {
    const carol = await server.register("carol");
    const [ofAlice, ofCarol] = [await connectAt(0, alice), await connectAt(1, carol)];
    server.askNext(1);
    const id = await carol.requestChat("alice");
    const isOfChat = ({ chat_id: of }: StatusEvent) => of === id;
    for (const connection of [ofAlice, ofCarol]) await connection.nextOf("status", isOfChat);
    await alice.post(`/chats/${id}/contact`, { action: "accept" });
    for (const [connection, peer] of [
      [ofAlice, carol],
      [ofCarol, alice],
    ] as const) {
      expect((await connection.nextOf("status", isOfChat)).value).toMatchObject({
        event_type: "user_online",
        user_id: peer.id,
      });
    }
    for (const { socket } of [ofAlice, ofCarol]) socket.terminate();
  });

  it("get each other's messages and marks, over HTTP too", async () => {
    const [ofAlice, ofBob] = [await connectAt(0, alice), await connectAt(1, bob)];
    const messages = Array.from({ length: 20 }, () => messageIn(chat_id, alice.id));
    for (const message of messages) ofAlice.send(ChatMessage, message);
    let last = 0;
    for (const { client_id } of messages) {
      const { value } = await ofBob.nextOf("message");
      expect(value).toMatchObject({ client_id });
      last = (value as ChatMessage).seq!;
    }
    ofBob.send(StatusEvent, { event_type: "read", chat_id, user_id: bob.id, seq: last });
    const mark = await ofAlice.nextOf("status", ({ event_type }) => event_type === "read");
    expect(mark.value).toMatchObject({ user_id: bob.id, seq: last });

    const posted = messageIn(chat_id, alice.id);
    const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
    const body = { ...posted, content: base64(posted.content), nonce: base64(posted.nonce) };
    server.askNext(0);
    await alice.post(`/chats/${chat_id}/messages`, body);
    expect((await ofBob.nextOf("message")).value).toMatchObject({ client_id: posted.client_id });
    for (const { socket } of [ofAlice, ofBob]) socket.terminate();
  });

  it("are both sent away at once when a session ends at the other instance", async () => {
    const { body } = await server.request("POST", "/auth/login", {
      username: "bob",
      password: "correct horse",
    });
    const again = server.userOf(body);
    const connections = [await connectAt(0, again), await connectAt(1, again)];
    await again.post("/auth/logout", {});
    for (const { closed } of connections) expect(await closed).toBe(4001);
  });

  it("lose nothing that was said while Redis was away, though nothing else is said", async () => {
    const [ofAlice, ofBob] = [clientAt(0, alice, "alice"), clientAt(1, bob, "bob")];
    ofAlice.start();
    ofBob.start();
    const before = ofAlice.write(chat_id).client_id;
    expect(await until(() => hasGot(ofBob, before), RECOVERY)).toBe(true);

    await redis.kill();
    const meanwhile = ofAlice.write(chat_id).client_id;
    // What one instance can do, it does.
    expect(await until(() => ofAlice.record.sent.has(meanwhile), RECOVERY)).toBe(true);
    expect(hasGot(ofBob, meanwhile)).toBe(false);
    await redis.start();
    expect(await until(() => hasGot(ofBob, meanwhile), RECOVERY)).toBe(true);
    const after = ofAlice.write(chat_id).client_id;
    expect(await until(() => hasGot(ofBob, after), RECOVERY)).toBe(true);
    expect(ofBob.record.surprises).toEqual([]);
    for (const client of [ofAlice, ofBob]) client.kill();
  });

  it("are sent away for a session that ended while Redis was away, a little later", async () => {
    const { body } = await server.request("POST", "/auth/login", {
      username: "bob",
      password: "correct horse",
    });
    const again = server.userOf(body);
    const elsewhere = await connectAt(1, again);
    await redis.kill();
    server.askNext(0);
    await again.post("/auth/logout", {});
    expect(await elsewhere.closed).toBe(4001);
    await redis.start();
    await meetAgain();
  });

  it.skipIf(isQuick)(
    "miss one whose instance is gone, within a minute",
    async () => {
      const ofAlice = await connectAt(0, alice);
      await connectAt(1, bob);
      await ofAlice.nextOf("status", ({ event_type }) => event_type === "user_online");
      await server.stopInstance(1);
      const { value } = await ofAlice.nextOf(
        "status",
        ({ event_type }) => event_type === "user_offline",
      );
      expect(value).toMatchObject({ user_id: bob.id });
      ofAlice.socket.terminate();
      // A minute, and what a busy machine adds.
    },
    120_000,
  );
});
