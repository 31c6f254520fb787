import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { exitCodes, Failure } from "./failure.js";

/** A file that nobody else may read, and that is there when all of it is. Throws Failure. */
export class PrivateFile {
  readonly #path: string;
  readonly #draft: string;
  readonly #file: number;

  constructor(path: string) {
    this.#path = path;
    this.#draft = `${path}.${process.pid}.part`;
    this.#file = this.#attempt(() => openSync(this.#draft, "wx", 0o600));
    process.once("exit", () => rmSync(this.#draft, { force: true }));
  }

  write(text: string): void {
    const bytes = Buffer.from(text);
    this.#attempt(() => {
      for (let from = 0; from < bytes.length; ) from += writeSync(this.#file, bytes, from);
    });
  }

  finish(): void {
    this.#attempt(() => {
      fsyncSync(this.#file);
      closeSync(this.#file);
      renameSync(this.#draft, this.#path);
    });
  }

  #attempt<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      throw new Failure(
        `${this.#path} cannot be written (${(error as Error).message})`,
        exitCodes.failed,
      );
    }
  }
}
