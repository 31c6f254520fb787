import { randomUUID } from "node:crypto";
import {
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds without a sign of its holder after which a lock is abandoned. */
const LONGEST = 120_000;
/** Milliseconds between two signs. */
const SIGN_INTERVAL = 30_000;
/** Milliseconds between two attempts to take a lock. */
const RETRY_INTERVAL = 50;

/** Codes of the errors by which file systems without hard links, such as exFAT, reject them. */
const WITHOUT_LINKS = ["EPERM", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EISDIR"];

/** Options of `lockFile`. */
export interface LockFileOptions {
  /** Ends the wait, which then rejects. */
  readonly signal?: AbortSignal;
  /** Called once if another process, or another lock of this one, holds the file. */
  readonly onWait?: () => void;
  /** Called if another process took the lock because this one was suspended for 2 minutes. */
  readonly onLost?: () => void;
}

/**
 * Waits until no other process holds a lock file, and takes it. Takes over that of a process that no longer runs: of this host
 * immediately, of another one, such as a container, after 2 minutes. Resolves with a function that removes the file.
 *
 * @throws an error of `node:fs` if the file cannot be written.
 *
 * ```ts
 * const release = await lockFile(`${directory}/lock`);
 * release();
 * ```
 */
export async function lockFile(
  path: string,
  { signal, onWait, onLost }: LockFileOptions = {},
): Promise<() => void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const ours = JSON.stringify({ pid: process.pid, host: hostname(), id: randomUUID() });
  for (let isFirst = true; !take(path, ours); isFirst = false) {
    const holder = read(path);
    const isBroken = holder !== undefined && isGone(path, holder) && breakLock(path, holder);
    if (isBroken) continue;
    if (isFirst) onWait?.();
    await sleep(RETRY_INTERVAL, undefined, { ...(signal !== undefined && { signal }) });
  }
  const signs = setInterval(() => {
    if (read(path) === ours) return sign(path);
    clearInterval(signs);
    onLost?.();
  }, SIGN_INTERVAL);
  signs.unref();
  return () => {
    clearInterval(signs);
    if (read(path) === ours) rmSync(path, { force: true });
  };
}

function sign(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // The disk may be read-only for a while. If another process takes the lock meanwhile, the next sign finds that.
  }
}

/** Creates a lock file with its content, in one step: an empty one would say that its holder is unknown. */
function take(path: string, ours: string): boolean {
  const whole = `${path}.${randomUUID()}`;
  writeFileSync(whole, ours, { flag: "wx", mode: 0o600 });
  try {
    linkSync(whole, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    if (code !== undefined && WITHOUT_LINKS.includes(code)) return takeInTwoSteps(path, ours);
    throw error;
  } finally {
    rmSync(whole, { force: true });
  }
}

/** Creates a lock file where the file system has no links. */
function takeInTwoSteps(path: string, ours: string): boolean {
  try {
    writeFileSync(path, ours, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    rmSync(path, { force: true });
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

function isGone(path: string, holder: string): boolean {
  try {
    // Check the age, because the file may lack a pid: after a power failure, on a full disk, or where files have no links.
    if (isOld(path)) return true;
    const { pid, host }: { pid: number; host?: string } = JSON.parse(holder);
    // The ids of another machine's or container's processes mean nothing here.
    if (host !== undefined && host !== hostname()) return false;
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
