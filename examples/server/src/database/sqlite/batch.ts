import { DatabaseUnavailableError } from "../database-unavailable.js";

/** A group of transactions that are committed together. */
export class Batch {
  /** Resolves when the batch is on disk; rejects if the commit fails. */
  readonly committed: Promise<void>;
  #resolve!: () => void;
  #reject!: (reason: Error) => void;
  #isOver = false;

  constructor() {
    this.committed = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // No caller awaits a batch whose transactions were all rolled back.
    this.committed.catch(() => {});
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Rejects a statement after the batch ended, which would be written without the rest of its transaction.
   *
   * @throws {DatabaseUnavailableError} if the batch has ended.
   */
  assertOpen(): void {
    if (this.#isOver)
      throw new DatabaseUnavailableError(new Error("the transaction was rolled back"));
  }

  succeed(): void {
    this.#isOver = true;
    this.#resolve();
  }

  fail(reason: Error): void {
    this.#isOver = true;
    this.#reject(reason);
  }
}
