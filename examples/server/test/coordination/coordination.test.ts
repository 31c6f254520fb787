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

/** What each instance that there can be has to do alike. */
function behaves(open: () => Promise<Coordination>) {
  let instance: Coordination;
  beforeEach(async () => {
    instance = await open();
  });
  afterEach(() => instance.close());

  it("tells its own listeners at once, the message as it is", () => {
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

  it("gives what a ticket stands for once, and not when it has expired", async () => {
    await instance.keepTicket("good", "alice", 30);
    await instance.keepTicket("short", "bob", 1);
    expect(await instance.takeTicket("good")).toBe("alice");
    expect(await instance.takeTicket("good")).toBeUndefined();
    expect(await instance.takeTicket("invented")).toBeUndefined();
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect(await instance.takeTicket("short")).toBeUndefined();
  });

  it("gives a ticket that is taken twice at once to one taker", async () => {
    await instance.keepTicket("contested", "alice", 30);
    const taken = await Promise.all([1, 2, 3].map(() => instance.takeTicket("contested")));
    expect(taken.filter((one) => one === "alice")).toHaveLength(1);
  });

  it("counts against a limit, each key for itself, and begins anew when the window is over", async () => {
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

  it("gives a try back, and no more than were used", async () => {
    const limit = { name: "tries", points: 1, window: 60 };
    await instance.restore(limit, "alice");
    const isAllowed = async () => (await instance.consume(limit, "alice")).isAllowed;
    expect([await isAllowed(), await isAllowed()]).toEqual([true, false]);
    await instance.restore(limit, "alice");
    await instance.restore(limit, "alice");
    await instance.restore(limit, "alice");
    expect([await isAllowed(), await isAllowed()]).toEqual([true, false]);
  });

  it("says who came first and who left last", async () => {
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

describe("an instance that is alone", () => {
  behaves(async () => new InProcess());

  it("shares with nobody what users may spend", async () => {
    expect(await new InProcess().spend()).toEqual(new Map());
  });
});

describeIf(isRedisInstalled, "redis-server")("instances that share a Redis", () => {
  const log = pino({ level: "silent" });
  beforeAll(() => redis.start());
  afterAll(() => redis.remove());

  const open = async (secret: Uint8Array, patience?: { goneAfter: number; usersKept: number }) => {
    const instance = new RedisCoordination(redis.url, secret, log, patience);
    await instance.start();
    return instance;
  };

  behaves(() => open(randomBytes(32)));

  describe("one and another", () => {
    const secret = randomBytes(32);
    let one: RedisCoordination;
    let other: RedisCoordination;
    beforeEach(async () => {
      [one, other] = await Promise.all([open(secret), open(secret)]);
    });
    afterEach(() => Promise.all([one.close(), other.close()]));

    it("tell each other, in order, messages of the greatest size too", async () => {
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
      const heard = listener.messages.map(
        (one) => one.type === "deliver" && (one.delivery.value as ChatMessage).content,
      );
      expect(heard.map((bytes, at) => Buffer.compare(bytes as Uint8Array, contents[at]!))).toEqual([
        0, 0, 0,
      ]);
      expect(listener.messages[0]).toMatchObject({ type: "deliver", user_ids: [2] });
      // Of which connection it came by, the other knows nothing: its own has that number.
      for (const announcement of listener.messages) {
        expect(announcement).not.toHaveProperty("except");
      }
      expect(listener.gaps).toBe(0);
    });

    it("take a ticket of each other's, once", async () => {
      await one.keepTicket("ticket", "alice", 30);
      expect(await other.takeTicket("ticket")).toBe("alice");
      expect(await one.takeTicket("ticket")).toBeUndefined();
    });

    it("count together", async () => {
      const limit = { name: "tries", points: 2, window: 60 };
      await one.consume(limit, "alice");
      await other.consume(limit, "alice");
      expect((await one.consume(limit, "alice")).isAllowed).toBe(false);
    });

    it("begin a window again that Redis's clock, set back, would make longer", async () => {
      const limit = { name: "tries", points: 1, window: 60 };
      await one.consume(limit, "alice");
      const raw = new Redis(redis.url);
      for (const key of await raw.keys("*limit:tries:alice")) await raw.expire(key, 3660);
      await raw.quit();
      expect((await other.consume(limit, "alice")).resetsIn).toBeLessThanOrEqual(60);
    });

    it("share what users may spend, which comes back with time", async () => {
      const bucket = { name: "frames", perSecond: 10, most: 50 };
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

    it("know who is at the other", async () => {
      expect(await one.enter(1)).toBe(true);
      expect(await other.enter(1)).toBe(false);
      expect(await other.present([1, 2])).toEqual([1]);
      expect(await one.leave(1)).toBe(false);
      expect(await one.present([1])).toEqual([1]);
      expect(await other.leave(1)).toBe(true);
    });

    it("share nothing with instances of another secret", async () => {
      const stranger = await open(randomBytes(32));
      const listener = new TestListener();
      stranger.listen(listener);
      await one.keepTicket("ticket", "alice", 30);
      await one.enter(1);
      expect(await stranger.takeTicket("ticket")).toBeUndefined();
      expect(await stranger.present([1])).toEqual([]);
      await stranger.close();
    });
  });

  it("miss one that has died, and tell of its users", async () => {
    const secret = randomBytes(32);
    const patience = { goneAfter: 2, usersKept: 60 };
    const survivor = await open(secret, patience);
    const dying = await open(secret, patience);
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
