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
 * Files that only their owner may read. What was written is on the disk when these return. They throw StoreError.
 */

/** Maximum number of symbolic links from a path to its file, as in Linux. */
const MAX_LINKS = 40;

/** Writes all of a file or nothing. */
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
 * A file in the making. Symbolic links are followed. A regular file is replaced as a whole, by one that only its owner may
 * read; text for anything else, such as a device or a FIFO, goes straight there. Throws the errors of `node:fs`.
 */
export class FileDraft {
  readonly #path: string;
  /** Where the text is until it is complete; undefined where it goes straight to its target. */
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
      // Left by a process of the same id that was killed.
      rmSync(this.#draft, { force: true });
      this.#file = openSync(this.#draft, "wx", 0o600);
    }
  }

  /** Whether the text becomes the file only when it is complete. */
  get isReplacing(): boolean {
    return this.#draft !== undefined;
  }

  write(text: string): void {
    writeAll(this.#file, text);
  }

  /** Puts the file in its place. */
  finish(): void {
    if (this.#draft !== undefined) fsyncSync(this.#file);
    this.#close();
    if (this.#draft !== undefined) renameSync(this.#draft, this.#path);
  }

  /** Removes what was written of a file that is not complete. */
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

/** Also all that is in it, and also what is not there. Where the path is a symbolic link, its target. */
export function remove(path: string): void {
  attempt(`${path} cannot be removed`, () =>
    rmSync(followLinks(path), { recursive: true, force: true }),
  );
}

function writeAll(file: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let from = 0; from < bytes.length; ) from += writeSync(file, bytes, from);
}

/** The path at the end of a chain of symbolic links, which may not exist yet. */
function followLinks(path: string): string {
  let followed = path;
  for (let count = 0; count <= MAX_LINKS; count++) {
    if (!lstatSync(followed, { throwIfNoEntry: false })?.isSymbolicLink()) return followed;
    // A relative target starts at the real folder of its link.
    followed = resolve(realpathSync(dirname(followed)), readlinkSync(followed));
  }
  throw new Error("too many symbolic links");
}

/** Does some work with a file. `what` says what cannot be done where it throws. */
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
