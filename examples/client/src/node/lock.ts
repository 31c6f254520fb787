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

/** Age at which a lock counts as abandoned, in milliseconds: longer than a request may take. */
const LONGEST = 120_000;

/**
 * Does some work while no other process does any under this lock. The lock of a process that died is free.
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
    // The file may be empty or cut: it is being written, or its holder lost power or disk space meanwhile. So its age counts.
    if (isOld(path)) return true;
    const { pid }: { pid: number } = JSON.parse(holder);
    process.kill(pid, 0);
    return false;
  } catch (error) {
    // A process of another user gives EPERM, and runs.
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

function isOld(path: string): boolean {
  return Date.now() - statSync(path).mtimeMs > LONGEST;
}

/**
 * Removes an abandoned lock, and returns whether it is removed. One process at a time does so, under a lock of its own: the
 * second of two must not remove the lock that the first has taken meanwhile.
 */
function breakLock(path: string, seen: string): boolean {
  const breaking = `${path}.break`;
  try {
    if (!take(breaking, "")) {
      // Left by a process that ended between the next two lines.
      if (isOld(breaking)) rmSync(breaking, { force: true });
      return false;
    }
    // Also its age again: a lock that was taken just now is empty too, as an abandoned one may be.
    const isAbandoned = read(path) === seen && isGone(path, seen);
    if (isAbandoned) rmSync(path, { force: true });
    rmSync(breaking, { force: true });
    return isAbandoned;
  } catch {
    // Another process has removed it, or this one may not.
    return false;
  }
}
