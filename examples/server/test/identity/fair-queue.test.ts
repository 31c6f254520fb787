import { expect, it } from "vitest";
import { FairQueue } from "../../src/identity/fair-queue.js";

/** Adds jobs to a busy queue, and then lets it continue. Returns the executed jobs in order, and the rejected ones. */
async function runJobs(
  maxWaiting: number,
  jobs: readonly (readonly [name: string, network: string, isKnownDevice?: true])[],
) {
  const queue = new FairQueue({ concurrency: 1, maxWaiting });
  const done: string[] = [];
  const rejected: string[] = [];
  let release = () => {};
  const first = queue.run({ network: "busy", isKnownDevice: false }, () => {
    return new Promise<void>((resolve) => {
      release = resolve;
    });
  });
  const all = jobs.map(([name, network, isKnownDevice = false]) =>
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

it("alternates between networks", async () => {
  const jobs = [
    ["a1", "a"],
    ["a2", "a"],
    ["a3", "a"],
    ["b1", "b"],
    ["c1", "c"],
    ["b2", "b"],
  ] as const;
  expect((await runJobs(9, jobs)).done).toEqual(["a1", "b1", "c1", "a2", "b2", "a3"]);
});

it("starts with jobs of known devices", async () => {
  const jobs = [
    ["a1", "a"],
    ["b1", "b"],
    ["known", "a", true],
  ] as const;
  expect((await runJobs(9, jobs)).done).toEqual(["known", "a1", "b1"]);
});

it("rejects the last job of the network with most jobs if the queue is full", async () => {
  const jobs = [
    ["a1", "a"],
    ["a2", "a"],
    ["a3", "a"],
    ["b1", "b"],
    ["a4", "a"],
    ["c1", "c"],
  ] as const;
  const { done, rejected } = await runJobs(3, jobs);
  expect([done, rejected]).toEqual([
    ["a1", "b1", "c1"],
    ["a2", "a3", "a4"],
  ]);
});

it("alternates between known devices and others", async () => {
  const jobs = [
    ["a1", "a"],
    ["a2", "a"],
    ["b1", "b"],
    ["known 1", "c", true],
    ["known 2", "c", true],
    ["known 3", "c", true],
    ["known 4", "c", true],
  ] as const;
  expect((await runJobs(9, jobs)).done).toEqual([
    ...["known 1", "a1", "known 2", "b1", "known 3", "a2", "known 4"],
  ]);
});

it("rejects a job of a new network if each network has one, unless its device is known", async () => {
  const jobs = [
    ["a1", "a"],
    ["b1", "b"],
    ["c1", "c"],
    ["known 1", "d", true],
    ["known 2", "d", true],
    ["known 3", "e", true],
    ["known 4", "f", true],
    ["b2", "b"],
  ] as const;
  const { done, rejected } = await runJobs(2, jobs);
  expect([done, rejected]).toEqual([
    ["known 1", "known 3"],
    ["a1", "b1", "b2", "c1", "known 2", "known 4"],
  ]);
});

it("rejects the last job of the network with most known-device jobs in favour of a new network only", async () => {
  const jobs = [
    ["known 1", "a", true],
    ["known 2", "a", true],
    ["known 3", "a", true],
    ["b1", "b"],
    ["b2", "b"],
    ["c1", "c"],
    ["known 4", "a", true],
  ] as const;
  const { done, rejected } = await runJobs(3, jobs);
  expect([done, rejected]).toEqual([
    ["known 1", "b1", "c1"],
    ["b2", "known 2", "known 3", "known 4"],
  ]);
});

it("continues after a job that fails", async () => {
  const queue = new FairQueue({ concurrency: 1, maxWaiting: 1 });
  const origin = { network: "a", isKnownDevice: false };
  await expect(queue.run(origin, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await queue.run(origin, async () => "done")).toBe("done");
});
