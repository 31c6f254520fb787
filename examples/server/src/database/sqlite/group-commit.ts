import { setTimeout as delay } from "node:timers/promises";
import { DatabaseUnavailable } from "../database-unavailable.js";
import { Batch } from "./batch.js";
import type { SqliteConnection } from "./sqlite-connection.js";

/** For another process to finish what it writes. */
const PATIENCE_MS = 5000;
const PAUSE_MS = 5;

/**
 * Lets transactions write one after the other and commits, once the event loop has taken all input that waited, those that
 * are done by then: many share one wait for the disk. Nobody else sees anything of a batch before it is committed.
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

  /** Waits for a turn to write. */
  async enter(): Promise<Batch> {
    const deadline = Date.now() + PATIENCE_MS;
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

  /** Passes the turn on. */
  leave(): void {
    if (this.#isDue) this.#commit();
    const next = this.#waiting.shift();
    if (next === undefined) this.#isTaken = false;
    else next();
  }

  /** A failed statement may have undone everything before it: where it did, the whole batch fails with it. */
  noteFailure(error: unknown): void {
    if (!this.#connection.isInTransaction) this.#end()?.fail(DatabaseUnavailable.from(error));
  }

  /** Waits until everything is written. */
  async finish(): Promise<void> {
    await this.#batch?.committed.catch(() => {});
  }

  async #begin(deadline: number): Promise<Batch> {
    for (;;) {
      try {
        this.#connection.command("begin immediate");
        break;
      } catch (error) {
        if (!(error instanceof DatabaseUnavailable) || Date.now() > deadline) throw error;
        await delay(PAUSE_MS);
      }
    }
    setImmediate(() => {
      if (this.#isTaken) this.#isDue = true;
      else this.#commit();
    });
    return new Batch();
  }

  #commit(): void {
    const batch = this.#end();
    if (batch === undefined) return;
    try {
      this.#connection.command("commit");
      batch.succeed();
    } catch (error) {
      if (this.#connection.isInTransaction) this.#connection.command("rollback");
      batch.fail(DatabaseUnavailable.from(error));
    }
  }

  #end(): Batch | undefined {
    const batch = this.#batch;
    this.#batch = undefined;
    this.#isDue = false;
    return batch;
  }
}
