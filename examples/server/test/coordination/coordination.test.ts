import { randomBytes } from "node:crypto";
import { Redis } from "ioredis";
import type { ChatMessage } from "lacre";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { describeIf } from "../../../../test/support/optional.js";
import { isRedisInstalled, RedisProcess } from "../../harness/processes/redis-process.js";
import type { Coordination } from "../../src/coordination/coordination.js";
import { InProcess } from "../../src/coordination/in-process.js";
import { RedisCoordination } from "../../src/coordination/redis.js";
import { messageIn } from "../support.js";
import { TestListener } from "./listener.js";

const redis = await RedisProcess.create();

/** Tests the behaviour that both implementations share. */
function behavesAsCoordination(open: () => Promise<Coordination>) {
  let instance: Coordination;
  beforeEach(async () => {
    instance = await open();
  });
  afterEach(() => instance.close());

  it("delivers pub/sub messages to its own listeners synchronously and unchanged", () => {
    const listener = new TestListener();
    instance.listen(listener);
    const delivery = { type: "message", value: messageIn(1, 2) } as const;
    instance.publish({ type: "deliver", user_ids: [2, 3], except: 7, delivery });
    instance.publish({ type: "revoked", session_id: "00" });
    expect(listener.messages).toEqual([
      { type: "deliver", user_ids: [2, 3], except: 7, delivery },
      { type: "revoked", session_id: "00" },
    ]);
  });

  it("redeems a ticket once, and not after it has expired", async () => {
    await instance.keepTicket("good", "alice", 30);
    await instance.keepTicket("short", "bob", 1);
    expect(await instance.takeTicket("good")).toBe("alice");
    expect(await instance.takeTicket("good")).toBeUndefined();
    expect(await instance.takeTicket("invented")).toBeUndefined();
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect(await instance.takeTicket("short")).toBeUndefined();
  });

  it("redeems a ticket once if it is taken several times simultaneously", async () => {
    await instance.keepTicket("contested", "alice", 30);
    const taken = await Promise.all([1, 2, 3].map(() => instance.takeTicket("contested")));
    expect(taken.filter((one) => one === "alice")).toHaveLength(1);
  });

  it("counts each limit and key separately, and starts again after the window", async () => {
    const limit = { name: "tries", points: 2, window: 2 };
    const tries = [];
    for (let count = 0; count < 3; count++) tries.push(await instance.consume(limit, "alice"));
    expect(tries.map(({ isAllowed }) => isAllowed)).toEqual([true, true, false]);
    expect(tries.map(({ remaining }) => remaining)).toEqual([1, 0, 0]);
    const left = tries[2]!.resetsIn;
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(2.01);
    expect((await instance.consume(limit, "bob")).isAllowed).toBe(true);
    expect((await instance.consume({ ...limit, name: "others" }, "alice")).isAllowed).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 1000 * left + 50));
    expect((await instance.consume(limit, "alice")).isAllowed).toBe(true);
  });

  it("restores a point, but never more than were consumed", async () => {
    const limit = { name: "tries", points: 1, window: 60 };
    await instance.restore(limit, "alice");
    const isAllowed = async () => (await instance.consume(limit, "alice")).isAllowed;
    expect([await isAllowed(), await isAllowed()]).toEqual([true, false]);
    await instance.restore(limit, "alice");
    await instance.restore(limit, "alice");
    await instance.restore(limit, "alice");
    expect([await isAllowed(), await isAllowed()]).toEqual([true, false]);
  });

  it("reports the first enter and the last leave of a user", async () => {
    expect(await instance.enter(1)).toBe(true);
    expect(await instance.enter(1)).toBe(false);
    await instance.enter(2);
    expect((await instance.present([1, 2, 3])).sort()).toEqual([1, 2]);
    expect(await instance.leave(1)).toBe(true);
    expect(await instance.leave(1)).toBe(false);
    expect(await instance.present([1, 2, 3])).toEqual([2]);
    expect(await instance.present([])).toEqual([]);
  });
}

describe("InProcess", () => {
  behavesAsCoordination(async () => new InProcess());

  it("has no shared budgets of users", async () => {
    expect(await new InProcess().spend()).toEqual(new Map());
  });
});

describeIf(isRedisInstalled, "redis-server")("RedisCoordination", () => {
  const log = pino({ level: "silent" });
  beforeAll(() => redis.start());
  afterAll(() => redis.remove());

  const open = async (secret: Uint8Array, timing?: { goneAfter: number; usersKept: number }) => {
    const instance = new RedisCoordination(redis.url, secret, log, timing);
    await instance.start();
    return instance;
  };

  behavesAsCoordination(() => open(randomBytes(32)));

  describe("two instances", () => {
    const secret = randomBytes(32);
    let one: RedisCoordination;
    let other: RedisCoordination;
    beforeEach(async () => {
      [one, other] = await Promise.all([open(secret), open(secret)]);
    });
    afterEach(() => Promise.all([one.close(), other.close()]));

    it("deliver pub/sub messages to each other in order, up to the maximum size", async () => {
      const listener = new TestListener();
      other.listen(listener);
      const contents = [10, 720_000, 20].map((size) => new Uint8Array(randomBytes(size)));
      for (const content of contents) {
        const value = { ...messageIn(1, 2), content };
        one.publish({
          type: "deliver",
          user_ids: [2],
          except: 5,
          delivery: { type: "message", value },
        });
      }
      await listener.until(({ messages }) => messages.length === 3);
      const contentsReceived = listener.messages.map(
        (one) => one.type === "deliver" && (one.delivery.value as ChatMessage).content,
      );
      expect(
        contentsReceived.map((bytes, at) => Buffer.compare(bytes as Uint8Array, contents[at]!)),
      ).toEqual([0, 0, 0]);
      expect(listener.messages[0]).toMatchObject({ type: "deliver", user_ids: [2] });
      // `except` is a connection number of the publishing instance: another connection has it at the other instance.
      for (const message of listener.messages) {
        expect(message).not.toHaveProperty("except");
      }
      expect(listener.gaps).toBe(0);
    });

    it("redeem each other's tickets once", async () => {
      await one.keepTicket("ticket", "alice", 30);
      expect(await other.takeTicket("ticket")).toBe("alice");
      expect(await one.takeTicket("ticket")).toBeUndefined();
    });

    it("share limits", async () => {
      const limit = { name: "tries", points: 2, window: 60 };
      await one.consume(limit, "alice");
      await other.consume(limit, "alice");
      expect((await one.consume(limit, "alice")).isAllowed).toBe(false);
    });

    it("shorten a window that became too long when the clock of Redis was set back", async () => {
      const limit = { name: "tries", points: 1, window: 60 };
      await one.consume(limit, "alice");
      const raw = new Redis(redis.url);
      for (const key of await raw.keys("*limit:tries:alice")) await raw.expire(key, 3660);
      await raw.quit();
      expect((await other.consume(limit, "alice")).resetsIn).toBeLessThanOrEqual(60);
    });

    it("share budgets of users, which refill with time", async () => {
      const bucket = { name: "frames", perSecond: 10, capacity: 50 };
      const spend = async (at: RedisCoordination, alice: number) =>
        (await at.spend(bucket, new Map([[7, alice]]))).get(7)!;
      expect(await spend(one, 20)).toBe(30);
      const left = await spend(other, 45);
      expect(left).toBeGreaterThanOrEqual(-15);
      expect(left).toBeLessThan(0);
      expect(await one.spend(bucket, new Map([[8, 1]]))).toEqual(new Map([[8, 49]]));
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(await spend(one, 0)).toBeGreaterThanOrEqual(left + 4.9);
      const full = { ...bucket, perSecond: 1_000_000 };
      await new Promise((resolve) => setTimeout(resolve, 10));
      expect(await one.spend(full, new Map([[7, 1]]))).toEqual(new Map([[7, 49]]));
    });

    it("share presence", async () => {
      expect(await one.enter(1)).toBe(true);
      expect(await other.enter(1)).toBe(false);
      expect(await other.present([1, 2])).toEqual([1]);
      expect(await one.leave(1)).toBe(false);
      expect(await one.present([1])).toEqual([1]);
      expect(await other.leave(1)).toBe(true);
    });

    it("share nothing with instances that have another secret", async () => {
      const unrelated = await open(randomBytes(32));
      const listener = new TestListener();
      unrelated.listen(listener);
      await one.keepTicket("ticket", "alice", 30);
      await one.enter(1);
      expect(await unrelated.takeTicket("ticket")).toBeUndefined();
      expect(await unrelated.present([1])).toEqual([]);
      await unrelated.close();
    });
  });

  it("sets an expiry on each key, so that nothing remains of killed instances", async () => {
    const instance = await open(randomBytes(32));
    await instance.enter(1);
    await instance.keepTicket("ticket", "alice", 30);
    const raw = new Redis(redis.url);
    const keys = await raw.keys("*");
    expect(keys.filter((key) => key.includes(":users:"))).not.toEqual([]);
    // Redis returns -1 for a key without an expiry.
    for (const key of keys) expect({ key, ttl: await raw.ttl(key) }).not.toEqual({ key, ttl: -1 });
    await Promise.all([raw.quit(), instance.close()]);
  });

  it("reports the users of a dead instance as absent", async () => {
    const secret = randomBytes(32);
    const timing = { goneAfter: 2, usersKept: 60 };
    const survivor = await open(secret, timing);
    const dying = await open(secret, timing);
    const listener = new TestListener();
    survivor.listen(listener);
    await dying.enter(1);
    await dying.enter(2);
    expect(await survivor.present([1, 2])).toHaveLength(2);
    await dying.close();
    await listener.until(({ changes }) => changes.length > 0);
    expect(listener.changes).toHaveLength(1);
    expect([...listener.changes[0]!.userIds].sort()).toEqual([1, 2]);
    expect(listener.changes[0]!.isPresent).toBe(false);
    expect(await survivor.present([1, 2])).toEqual([]);
    await survivor.close();
  });
});
