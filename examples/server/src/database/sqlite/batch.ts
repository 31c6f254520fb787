import { DatabaseUnavailable } from "../database-unavailable.js";

/** Transactions that are committed together. */
export class Batch {
  /** When all of it is on the disk. */
  readonly committed: Promise<void>;
  #resolve!: () => void;
  #reject!: (reason: Error) => void;
  #isOver = false;

  constructor() {
    this.committed = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Nobody waits for a batch of which everything was undone.
    this.committed.catch(() => {});
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** What goes on after its batch has ended would be written without the rest of its transaction. */
  assertGoesOn(): void {
    if (this.#isOver) throw new DatabaseUnavailable(new Error("the transaction was undone"));
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
