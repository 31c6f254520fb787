import { setTimeout as delay } from "node:timers/promises";
import { DatabaseUnavailableError } from "../database-unavailable.js";
import { Batch } from "./batch.js";
import type { SqliteConnection } from "./sqlite-connection.js";

/** Milliseconds to wait for another process's write transaction. */
const LOCK_TIMEOUT_MS = 5000;
const RETRY_PAUSE_MS = 5;

/**
 * Serializes write transactions and commits them in groups. A commit runs after the event loop has handled all pending
 * input. It covers all transactions completed by then, so that they share one disk sync. Other connections see a batch only
 * after its commit.
 */
export class GroupCommit {
  readonly #connection: SqliteConnection;
  readonly #waiting: (() => void)[] = [];
  #isTaken = false;
  #batch: Batch | undefined;
  #isDue = false;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  /** Waits for exclusive write access. */
  async enter(): Promise<Batch> {
    const deadline = Date.now() + LOCK_TIMEOUT_MS;
    if (this.#isTaken) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#isTaken = true;
    try {
      this.#batch ??= await this.#begin(deadline);
      return this.#batch;
    } catch (error) {
      this.leave();
      throw error;
    }
  }

  /** Releases write access to the next waiting transaction. */
  leave(): void {
    if (this.#isDue) void this.#commit();
    else this.#next();
  }

  /** Fails the whole batch if a failed statement made SQLite roll back the transaction. */
  noteFailure(error: unknown): void {
    if (!this.#connection.isInTransaction) this.#end()?.fail(DatabaseUnavailableError.from(error));
  }

  /** Waits until the current batch is committed or has failed. */
  async finish(): Promise<void> {
    await this.#batch?.committed.catch(() => {});
  }

  async #begin(deadline: number): Promise<Batch> {
    for (;;) {
      try {
        this.#connection.command("begin immediate");
        break;
      } catch (error) {
        if (!(error instanceof DatabaseUnavailableError) || Date.now() > deadline) throw error;
        await delay(RETRY_PAUSE_MS);
      }
    }
    setImmediate(() => {
      if (this.#isTaken) {
        this.#isDue = true;
        return;
      }
      this.#isTaken = true;
      void this.#commit();
    });
    return new Batch();
  }

  /** Commits the batch, then gives write access to the next waiting transaction. */
  async #commit(): Promise<void> {
    const batch = this.#batch;
    try {
      // A batch that failed has ended.
      if (batch !== undefined) await this.#connection.commit();
      this.#end();
      batch?.succeed();
    } catch (error) {
      this.#end();
      if (this.#connection.isInTransaction) this.#connection.command("rollback");
      batch?.fail(DatabaseUnavailableError.from(error));
    }
    this.#next();
  }

  #next(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#isTaken = false;
    else next();
  }

  #end(): Batch | undefined {
    const batch = this.#batch;
    this.#batch = undefined;
    this.#isDue = false;
    return batch;
  }
}
