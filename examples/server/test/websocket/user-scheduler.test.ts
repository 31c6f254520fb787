import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { UserScheduler } from "../../src/websocket/user-scheduler.js";

describe("UserScheduler", () => {
  it("alternates between users regardless of the amount of their work", async () => {
    const scheduler = new UserScheduler();
    const order: string[] = [];
    const begin = (userId: number, name: string) =>
      scheduler.run(userId, async () => void order.push(name));
    const all = Array.from({ length: 50 }, (_, at) => begin(1, `a${at}`));
    all.push(begin(2, "b0"), begin(2, "b1"), begin(3, "c0"));
    await Promise.all(all);
    expect(order.slice(0, 6)).toEqual(["a0", "b0", "c0", "a1", "b1", "a2"]);
    expect(order.filter((name) => name.startsWith("a"))).toEqual(
      Array.from({ length: 50 }, (_, at) => `a${at}`),
    );
  });

  it("yields to the event loop after each piece of one user's work", async () => {
    const scheduler = new UserScheduler();
    let loops = 0;
    let isOver = false;
    const count = () => {
      loops += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    // Only microtasks, like work on SQLite.
    const work = async () => {
      for (let count = 0; count < 20; count++) await undefined;
    };
    await Promise.all(Array.from({ length: 40 }, () => scheduler.run(1, work)));
    isOver = true;
    expect(loops).toBeGreaterThanOrEqual(39);
  });

  it("yields to the event loop when many users' work exceeds its time slot", async () => {
    const scheduler = new UserScheduler();
    const begun: number[] = [];
    const work = async (user: number) => {
      begun.push(user);
      await undefined;
      const until = performance.now() + 6;
      while (performance.now() < until);
    };
    const all = Promise.all(
      Array.from({ length: 10 }, (_, user) => scheduler.run(user, () => work(user))),
    );
    await nextTurn();
    expect(begun.length).toBeLessThan(10);
    await all;
    expect(begun).toEqual(Array.from({ length: 10 }, (_, user) => user));
  });

  it("runs four pieces of a user's work concurrently and continues after a failure", async () => {
    const scheduler = new UserScheduler();
    let running = 0;
    let maxRunning = 0;
    const work = async (at: number) => {
      running += 1;
      maxRunning = Math.max(maxRunning, running);
      for (let scheduler = 0; scheduler < 20; scheduler++) await nextTurn();
      running -= 1;
      if (at % 3 === 0) throw new Error("failed");
    };
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, at) => scheduler.run(1, () => work(at))),
    );
    expect(maxRunning).toBe(4);
    expect(results.filter(({ status }) => status === "rejected")).toHaveLength(7);
    expect(await scheduler.run(1, async () => "later")).toBe("later");
  });
});
