import { randomUUID } from "node:crypto";
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Longer than a request may take: after that a lock is forgotten, in milliseconds. */
const LONGEST = 120_000;

interface Holder {
  readonly pid: number;
  /** In milliseconds. */
  readonly since: number;
}

/** Does some work while no other process does any under this lock. That of a process which died is nobody's. */
export async function withLock<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const ours = JSON.stringify({ pid: process.pid, since: Date.now(), id: randomUUID() });
  while (!take(path, ours)) {
    const holder = read(path);
    if (holder !== undefined && isGone(holder)) breakLock(path, holder);
    else await sleep(50);
  }
  try {
    return await work();
  } finally {
    if (read(path) === ours) rmSync(path, { force: true });
  }
}

function take(path: string, ours: string): boolean {
  try {
    const file = openSync(path, "wx", 0o600);
    writeSync(file, ours);
    closeSync(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function isGone(holder: string): boolean {
  try {
    const { pid, since }: Holder = JSON.parse(holder);
    if (Date.now() - since > LONGEST) return true;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    // A process of another user is one. What is no JSON is being written, or was when the power went.
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

/** Of two that find a lock abandoned, the second must not take that of the first. */
function breakLock(path: string, seen: string): void {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
    if (read(aside) === seen) rmSync(aside);
    else renameSync(aside, path);
  } catch {
    // Somebody else was here first.
  }
}
