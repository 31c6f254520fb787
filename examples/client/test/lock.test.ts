import { once } from "node:events";
import { existsSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, expect, it, vi } from "vitest";
import { withLock } from "../src/node/lock.js";

const folder = mkdtempSync(join(tmpdir(), "lacre-lock-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes a lock file that was last changed `secondsAgo` seconds ago. */
function abandoned(name: string, text: string, secondsAgo: number): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  const at = Date.now() / 1000 - secondsAgo;
  utimesSync(path, at, at);
  return path;
}

it.each([
  ["an empty file, as a full disk or a loss of power leaves it", ""],
  ["a file that is cut", '{"pid": 1, "si'],
  ["a file without the fields of a lock", "{}"],
])("takes over %s", async (_, text) => {
  const path = abandoned("damaged", text, 121);
  expect(await withLock(path, async () => "done")).toBe("done");
  expect(existsSync(path)).toBe(false);
});

it("takes over the lock of a process that has ended", async () => {
  const path = abandoned("ended", JSON.stringify({ pid: 2 ** 22 + 1, since: Date.now() }), 0);
  expect(await withLock(path, async () => "done")).toBe("done");
});

it.each([
  ["of a process that runs", JSON.stringify({ pid: process.pid, since: Date.now() })],
  ["that is being written", ""],
])("waits for a lock %s", async (_, text) => {
  const path = abandoned("held", text, 0);
  let isDone = false;
  const waiting = withLock(path, async () => {
    isDone = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(isDone).toBe(false);
  rmSync(path);
  await waiting;
  expect(isDone).toBe(true);
});

it("leaves the lock of a process that took over an abandoned one first", async () => {
  const path = join(folder, "contended");
  const lock = (pid: number, id: string) => {
    writeFileSync(`${path}.new`, JSON.stringify({ pid, id }));
    renameSync(`${path}.new`, path);
  };
  lock(process.pid, "held");
  const taken = new Int32Array(new SharedArrayBuffer(4));
  const other = new Worker(
    `const { workerData: { path, taken }, parentPort } = require("node:worker_threads");
    const { closeSync, openSync } = require("node:fs");
    parentPort.postMessage("ready");
    while (Atomics.load(taken, 0) === 0) {
      try {
        closeSync(openSync(path, "wx"));
        Atomics.store(taken, 0, 1);
      } catch {}
    }`,
    { eval: true, workerData: { path, taken } },
  );
  await once(other, "message");
  const kill = vi.spyOn(process, "kill");
  const waiting: Promise<void>[] = [];
  for (let round = 0; round < 300; round++) {
    lock(2 ** 22 + 1, "abandoned");
    kill.mockImplementationOnce(() => {
      lock(process.pid, "held");
      throw Object.assign(new Error("no such process"), { code: "ESRCH" });
    });
    waiting.push(withLock(path, async () => {}));
  }
  kill.mockRestore();
  await other.terminate();
  expect(taken[0]).toBe(0);
  rmSync(path);
  await Promise.all(waiting);
});

it("throws StoreError if the lock cannot be written", async () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  const locking = withLock(join(file, "lock"), async () => {});
  await expect(locking).rejects.toMatchObject({ code: "ERR_STORE" });
});

it("takes over the lock of a process that ended while it took over a lock", async () => {
  const path = abandoned("ended-twice", JSON.stringify({ pid: 2 ** 22 + 1 }), 121);
  abandoned("ended-twice.break", "", 121);
  expect(await withLock(path, async () => "done")).toBe("done");
  expect(existsSync(`${path}.break`)).toBe(false);
});
