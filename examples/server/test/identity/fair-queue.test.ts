import { expect, it } from "vitest";
import { FairQueue } from "../../src/identity/fair-queue.js";

/** Asks for work one after the other while nothing is done, then lets all of it go on. */
async function order(
  mostWaiting: number,
  asked: readonly (readonly [name: string, network: string, isKnownDevice?: true])[],
) {
  const queue = new FairQueue({ atOnce: 1, mostWaiting });
  const done: string[] = [];
  const rejected: string[] = [];
  let release = () => {};
  const first = queue.run({ network: "busy", isKnownDevice: false }, () => {
    return new Promise<void>((resolve) => {
      release = resolve;
    });
  });
  const all = asked.map(([name, network, isKnownDevice = false]) =>
    queue
      .run({ network, isKnownDevice }, async () => void done.push(name))
      .catch((error) => {
        expect(error).toMatchObject({ status: 503, code: "ERR_UNAVAILABLE" });
        rejected.push(name);
      }),
  );
  release();
  await Promise.all([first, ...all]);
  return { done, rejected: rejected.sort() };
}

it("gives networks queue, whatever one of them asks for", async () => {
  const asked = [
    ["a1", "a"],
    ["a2", "a"],
    ["a3", "a"],
    ["b1", "b"],
    ["c1", "c"],
    ["b2", "b"],
  ] as const;
  expect((await order(9, asked)).done).toEqual(["a1", "b1", "c1", "a2", "b2", "a3"]);
});

it("does what known devices ask for first", async () => {
  const asked = [
    ["a1", "a"],
    ["b1", "b"],
    ["known", "a", true],
  ] as const;
  expect((await order(9, asked)).done).toEqual(["known", "a1", "b1"]);
});

it("rejects the last of the network with most where too much waits", async () => {
  const asked = [
    ["a1", "a"],
    ["a2", "a"],
    ["a3", "a"],
    ["b1", "b"],
    ["a4", "a"],
    ["c1", "c"],
  ] as const;
  const { done, rejected } = await order(3, asked);
  expect([done, rejected]).toEqual([
    ["a1", "b1", "c1"],
    ["a2", "a3", "a4"],
  ]);
});

it("alternates between known devices and others", async () => {
  const asked = [
    ["a1", "a"],
    ["a2", "a"],
    ["b1", "b"],
    ["known 1", "c", true],
    ["known 2", "c", true],
    ["known 3", "c", true],
    ["known 4", "c", true],
  ] as const;
  expect((await order(9, asked)).done).toEqual([
    ...["known 1", "a1", "known 2", "b1", "known 3", "a2", "known 4"],
  ]);
});

it("rejects newcomers where every network has one, unless the device is known", async () => {
  const asked = [
    ["a1", "a"],
    ["b1", "b"],
    ["c1", "c"],
    ["known 1", "d", true],
    ["known 2", "d", true],
    ["known 3", "e", true],
    ["known 4", "f", true],
    ["b2", "b"],
  ] as const;
  const { done, rejected } = await order(2, asked);
  expect([done, rejected]).toEqual([
    ["known 1", "known 3"],
    ["a1", "b1", "b2", "c1", "known 2", "known 4"],
  ]);
});

it("rejects the last of a network with more known devices for a newcomer, and for no other", async () => {
  const asked = [
    ["known 1", "a", true],
    ["known 2", "a", true],
    ["known 3", "a", true],
    ["b1", "b"],
    ["b2", "b"],
    ["c1", "c"],
    ["known 4", "a", true],
  ] as const;
  const { done, rejected } = await order(3, asked);
  expect([done, rejected]).toEqual([
    ["known 1", "b1", "c1"],
    ["b2", "known 2", "known 3", "known 4"],
  ]);
});

it("goes on after work that fails", async () => {
  const queue = new FairQueue({ atOnce: 1, mostWaiting: 1 });
  const origin = { network: "a", isKnownDevice: false };
  await expect(queue.run(origin, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await queue.run(origin, async () => "done")).toBe("done");
});
