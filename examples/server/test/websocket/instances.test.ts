import { ChatMessage, StatusEvent } from "lacre";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeIf } from "../../../../test/support/optional.js";
import { isQuick } from "../../../../test/support/runs.js";
import type { Client } from "../../harness/client/client.js";
import { isRedisInstalled, RedisProcess } from "../../harness/processes/redis-process.js";
import { until } from "../../harness/until.js";
import { DEFAULT_TIMING } from "../../src/websocket/timing.js";
import { jsonOf, messageIn, TestServer, type TestUser } from "../support.js";
import { createSessionClient } from "./session-client.js";

/** Maximum seconds of the recovery after a restart of Redis. */
const RECOVERY = 30;

const redis = await RedisProcess.create();
const server = new TestServer(
  { ...DEFAULT_TIMING, offlineDelay: 0.3, sessionCheck: 1 },
  { REDIS_URL: redis.url },
  2,
);

describeIf(isRedisInstalled, "redis-server")("users of two instances", () => {
  let alice: TestUser;
  let bob: TestUser;
  let chat_id: number;

  beforeAll(async () => {
    await redis.start();
    ({ alice, bob, chat_id } = await server.startWithChat());
  });
  afterAll(async () => {
    await server.remove();
    await redis.remove();
  });

  function connectAt(instance: number, user: TestUser) {
    server.askNext(instance);
    return user.connect();
  }

  function clientAt(instance: number, user: TestUser): Client {
    server.askNext(instance);
    return createSessionClient(user, chat_id, server.url);
  }

  const hasReceived = ({ record }: Client, client_id: string) =>
    record.received.some((one) => one.client_id === client_id);

  /** Waits until the instances deliver messages to each other, and clients that may have missed some have reconnected. */
  async function waitForRecovery(): Promise<void> {
    const [ofAlice, ofBob] = [clientAt(0, alice), clientAt(1, bob)];
    for (const client of [ofAlice, ofBob]) client.start();
    // A resume may return the messages of the first round. Those of the second arrive as deliveries.
    for (let round = 0; round < 2; round++) {
      const [one, other] = [ofAlice.write(chat_id).client_id, ofBob.write(chat_id).client_id];
      const haveBoth = () => hasReceived(ofBob, one) && hasReceived(ofAlice, other);
      expect(await until(haveBoth, RECOVERY)).toBe(true);
    }
    for (const client of [ofAlice, ofBob]) client.kill();
  }

  it("receive each other's presence", async () => {
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

  it("receive chats that another user creates", async () => {
    const dave = await server.register("dave");
    const [ofAlice, ofDave] = [await connectAt(0, alice), await connectAt(1, dave)];
    server.askNext(1);
    const id = await dave.requestChat("alice");
    const isOfChat = ({ chat_id: of }: StatusEvent) => of === id;
    for (const connection of [ofAlice, ofDave]) await connection.nextOf("status", isOfChat);
    await alice.post(`/chats/${id}/contact`, { action: "accept" });
    for (const [connection, peer] of [
      [ofAlice, dave],
      [ofDave, alice],
    ] as const) {
      expect((await connection.nextOf("status", isOfChat)).value).toMatchObject({
        event_type: "user_online",
        user_id: peer.id,
      });
    }
    for (const { socket } of [ofAlice, ofDave]) socket.terminate();
  });

  it("receive each other's messages and receipts, over HTTP too", async () => {
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
    const receipt = await ofAlice.nextOf("status", ({ event_type }) => event_type === "read");
    expect(receipt.value).toMatchObject({ user_id: bob.id, seq: last });

    const posted = messageIn(chat_id, alice.id);
    server.askNext(0);
    await alice.post(`/chats/${chat_id}/messages`, jsonOf(posted));
    expect((await ofBob.nextOf("message")).value).toMatchObject({ client_id: posted.client_id });
    for (const { socket } of [ofAlice, ofBob]) socket.terminate();
  });

  it("are disconnected from both instances when their session ends", async () => {
    const again = await server.login("bob");
    const connections = [await connectAt(0, again), await connectAt(1, again)];
    await again.post("/auth/logout", {});
    for (const { closed } of connections) expect(await closed).toBe(4001);
  });

  it("lose no message of an outage of Redis, even without further messages", async () => {
    const [ofAlice, ofBob] = [clientAt(0, alice), clientAt(1, bob)];
    ofAlice.start();
    ofBob.start();
    const before = ofAlice.write(chat_id).client_id;
    expect(await until(() => hasReceived(ofBob, before), RECOVERY)).toBe(true);

    await redis.kill();
    const duringOutage = ofAlice.write(chat_id).client_id;
    // One instance still stores and acknowledges messages.
    expect(await until(() => ofAlice.record.sent.has(duringOutage), RECOVERY)).toBe(true);
    expect(hasReceived(ofBob, duringOutage)).toBe(false);
    await redis.start();
    expect(await until(() => hasReceived(ofBob, duringOutage), RECOVERY)).toBe(true);
    const after = ofAlice.write(chat_id).client_id;
    expect(await until(() => hasReceived(ofBob, after), RECOVERY)).toBe(true);
    expect(ofBob.record.unexpected).toEqual([]);
    for (const client of [ofAlice, ofBob]) client.kill();
  });

  it("are disconnected by the periodic check after a logout during an outage of Redis", async () => {
    const again = await server.login("bob");
    const elsewhere = await connectAt(1, again);
    await redis.kill();
    server.askNext(0);
    await again.post("/auth/logout", {});
    expect(await elsewhere.closed).toBe(4001);
    await redis.start();
    await waitForRecovery();
  });

  it.skipIf(isQuick)(
    "receive user_offline within a minute after an instance stops",
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
      // A minute, and a reserve for a busy machine.
    },
    120_000,
  );
});
