import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { StoreError } from "../errors.js";

/*
 * Files that nobody else may read. What was written is on the disk when these return. They throw StoreError.
 */

/** Writes all of a file or nothing. */
export function writeFile(path: string, text: string): void {
  attempt(`${path} cannot be written`, () => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const written = `${path}.${process.pid}.tmp`;
    writeAll(written, "w", text);
    renameSync(written, path);
  });
}

export function appendToFile(path: string, text: string): void {
  attempt(`${path} cannot be written`, () => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeAll(path, "a", text);
  });
}

/** Undefined for a file that is not there. */
export function readFile(path: string): string | undefined {
  return attempt(`${path} cannot be read`, () =>
    undefinedIfMissing(() => readFileSync(path, "utf8")),
  );
}

/** None for a folder that is not there. */
export function namesIn(folder: string): string[] {
  return attempt(`${folder} cannot be read`, () =>
    (undefinedIfMissing(() => readdirSync(folder)) ?? []).sort(),
  );
}

/** Also all that is in it, and also what is not there. */
export function remove(path: string): void {
  attempt(`${path} cannot be removed`, () => rmSync(path, { recursive: true, force: true }));
}

function writeAll(path: string, flags: "w" | "a", text: string): void {
  const file = openSync(path, flags, 0o600);
  try {
    const bytes = Buffer.from(text);
    for (let from = 0; from < bytes.length; ) from += writeSync(file, bytes, from);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function attempt<Result>(what: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw new StoreError(
      `${what} (${(error as Error).message}): make room for it, or see who owns it`,
    );
  }
}

function undefinedIfMissing<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
