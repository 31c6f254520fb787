import {
  closeSync,
  constants,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { StoreError } from "../errors.js";

/*
 * Files that only their owner can read. When these functions return, written data is on disk. They throw StoreError.
 */

/** Maximum number of symbolic links from a path to its file, as in Linux. */
const MAX_LINKS = 40;

/** Writes a file completely or not at all. */
export function writeFile(path: string, text: string): void {
  attempt(`${path} cannot be written`, () => {
    mkdirSync(followLinks(dirname(path)), { recursive: true, mode: 0o700 });
    const draft = new FileDraft(path);
    try {
      draft.write(text);
      draft.finish();
    } catch (error) {
      draft.discard();
      throw error;
    }
  });
}

/**
 * Writes a file in several parts, and follows symbolic links. Replaces a regular file when the text is complete, with a file
 * that only its owner can read. Writes directly to any other target, such as a device or a FIFO. Throws the errors of
 * `node:fs`.
 */
export class FileDraft {
  readonly #path: string;
  /** Path of the temporary file. Undefined if the text is written directly to its target. */
  readonly #draft: string | undefined;
  readonly #file: number;
  #isOpen = true;

  constructor(path: string) {
    const isReplaced = statSync(path, { throwIfNoEntry: false })?.isFile() ?? true;
    this.#path = isReplaced ? followLinks(path) : path;
    this.#draft = isReplaced ? `${this.#path}.${process.pid}.part` : undefined;
    if (this.#draft === undefined) {
      this.#file = openSync(path, constants.O_WRONLY);
    } else {
      // A killed process with the same id may have left this file.
      rmSync(this.#draft, { force: true });
      this.#file = openSync(this.#draft, "wx", 0o600);
    }
  }

  /** Whether the file is replaced when the text is complete. */
  get isReplacing(): boolean {
    return this.#draft !== undefined;
  }

  write(text: string): void {
    writeAll(this.#file, text);
  }

  /** Completes the file, and replaces the existing one. */
  finish(): void {
    if (this.#draft !== undefined) fsyncSync(this.#file);
    this.#close();
    if (this.#draft !== undefined) renameSync(this.#draft, this.#path);
  }

  /** Closes the file and removes the temporary file. */
  discard(): void {
    if (this.#isOpen) this.#close();
    if (this.#draft !== undefined) rmSync(this.#draft, { force: true });
  }

  #close(): void {
    this.#isOpen = false;
    closeSync(this.#file);
  }
}

export function appendToFile(path: string, text: string): void {
  attempt(`${path} cannot be written`, () => {
    mkdirSync(followLinks(dirname(path)), { recursive: true, mode: 0o700 });
    const file = openSync(path, "a", 0o600);
    try {
      writeAll(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  });
}

/** Returns the text of a file, or undefined if it does not exist. */
export function readFile(path: string): string | undefined {
  return attempt(`${path} cannot be read`, () =>
    undefinedIfMissing(() => readFileSync(path, "utf8")),
  );
}

/** Returns the sorted names in a folder. Returns none if it does not exist. */
export function namesIn(folder: string): string[] {
  return attempt(`${folder} cannot be read`, () =>
    (undefinedIfMissing(() => readdirSync(folder)) ?? []).sort(),
  );
}

/**
 * Removes a file, or a folder with its contents. Does nothing if it does not exist. If `path` is a symbolic link, removes
 * its target.
 */
export function remove(path: string): void {
  attempt(`${path} cannot be removed`, () =>
    rmSync(followLinks(path), { recursive: true, force: true }),
  );
}

function writeAll(file: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let from = 0; from < bytes.length; ) from += writeSync(file, bytes, from);
}

/** Returns the path to which a chain of symbolic links leads. It may not exist yet. */
function followLinks(path: string): string {
  let followed = path;
  for (let count = 0; count <= MAX_LINKS; count++) {
    if (!lstatSync(followed, { throwIfNoEntry: false })?.isSymbolicLink()) return followed;
    // A relative target is relative to the real folder of its link.
    followed = resolve(realpathSync(dirname(followed)), readlinkSync(followed));
  }
  throw new Error("too many symbolic links");
}

/**
 * Runs `work`. `what` is the start of the error's message.
 *
 * @throws {StoreError} if `work` throws.
 */
export function attempt<Result>(what: string, work: () => Result): Result {
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
