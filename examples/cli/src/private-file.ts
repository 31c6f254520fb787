import { FileDraft } from "lacre-client/node";
import { CommandError } from "./command-error.js";

/**
 * A file that only its owner may read. It replaces an existing file when it is complete. Text for a device or FIFO is written
 * to it directly. All methods throw a CommandError if the file cannot be written.
 */
export class PrivateFile {
  readonly #path: string;
  readonly #draft: FileDraft;

  constructor(path: string) {
    this.#path = path;
    this.#draft = this.#attempt(() => new FileDraft(path));
    if (!this.#draft.isReplacing) return;
    process.once("exit", () => this.#draft.discard());
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      // Remove the incomplete file, then let the signal end the process.
      process.once(signal, () => {
        this.#draft.discard();
        process.kill(process.pid, signal);
      });
    }
  }

  write(text: string): void {
    this.#attempt(() => this.#draft.write(text));
  }

  finish(): void {
    this.#attempt(() => this.#draft.finish());
  }

  #attempt<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      throw new CommandError(`${this.#path} cannot be written (${(error as Error).message})`);
    }
  }
}
