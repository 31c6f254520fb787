import { randomUUID } from "node:crypto";
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { attempt } from "./files.js";

/** Milliseconds after which a lock is abandoned, longer than the timeout of a request. */
const LONGEST = 120_000;

/**
 * Runs `work` while no other process holds this lock. Takes over the lock of a process that no longer runs.
 *
 * @throws {StoreError} if the lock cannot be written.
 */
export async function withLock<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  attempt(`${path} cannot be written`, () =>
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 }),
  );
  const ours = JSON.stringify({ pid: process.pid, id: randomUUID() });
  while (!take(path, ours)) {
    const holder = read(path);
    const isBroken = holder !== undefined && isGone(path, holder) && breakLock(path, holder);
    if (!isBroken) await sleep(50);
  }
  try {
    return await work();
  } finally {
    if (read(path) === ours) rmSync(path, { force: true });
  }
}

function take(path: string, ours: string): boolean {
  return attempt(`${path} cannot be written`, () => {
    try {
      closeSync(openSync(path, "wx", 0o600));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw error;
    }
    try {
      writeFileSync(path, ours);
      return true;
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    }
  });
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function isGone(path: string, holder: string): boolean {
  try {
    // Check the age, because the file may lack a pid: while it is written, or after a power failure or a full disk.
    if (isOld(path)) return true;
    const { pid }: { pid: number } = JSON.parse(holder);
    process.kill(pid, 0);
    return false;
  } catch (error) {
    // EPERM means that the process runs as another user.
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

function isOld(path: string): boolean {
  return Date.now() - statSync(path).mtimeMs > LONGEST;
}

/**
 * Removes an abandoned lock, and returns whether it did. A second lock permits only one process to do so: another one could
 * remove the lock that the first has just taken.
 */
function breakLock(path: string, seen: string): boolean {
  const breaking = `${path}.break`;
  try {
    if (!take(breaking, "")) {
      // A process that ended before it removed the file has left it.
      if (isOld(breaking)) rmSync(breaking, { force: true });
      return false;
    }
    // Check everything again, including the age: a lock that was just taken is as empty as an abandoned one may be.
    const isAbandoned = read(path) === seen && isGone(path, seen);
    if (isAbandoned) rmSync(path, { force: true });
    rmSync(breaking, { force: true });
    return isAbandoned;
  } catch {
    // Another process removed it, or this process lacks the permission.
    return false;
  }
}
