import { setImmediate as yieldToOthers } from "node:timers/promises";
import type { Logger } from "pino";
import type { Store } from "../database/store.js";

const INTERVAL_SECONDS = 30;

/** Messages or sessions that one transaction deletes. */
const BATCH = 200;

/** Deletes messages and sessions that are past their time; they count for nobody from that time on, whether it was here or not. */
export class Sweeper {
  readonly #store: Store;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;
  #sweep: Promise<void> = Promise.resolve();

  constructor(store: Store, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  /** Sweeps now, and again and again. */
  start(): void {
    this.#sweep = this.#sweepAndLog().then(() => {
      if (this.#isStopped) return;
      this.#timer = setTimeout(() => this.start(), INTERVAL_SECONDS * 1000).unref();
    });
  }

  /** Ends it; when this returns, it is done with the database. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#sweep;
  }

  /** Deletes all that is past its time now; how many messages. */
  async sweep(): Promise<number> {
    await this.#inBatches((upTo) => this.#store.deleteExpiredSessions(upTo));
    return this.#inBatches((upTo) => this.#store.deleteExpired(upTo));
  }

  async #inBatches(
    deleteSome: (upTo: { now: number; limit: number }) => Promise<number>,
  ): Promise<number> {
    let total = 0;
    while (!this.#isStopped) {
      const count = await deleteSome({ now: Date.now() / 1000, limit: BATCH });
      total += count;
      if (count < BATCH) break;
      await yieldToOthers();
    }
    return total;
  }

  async #sweepAndLog(): Promise<void> {
    try {
      const messages = await this.sweep();
      if (messages > 0) this.#log.info({ messages }, "deleted what was past its time");
    } catch (error) {
      this.#log.warn({ err: error }, "sweeping failed and is done again later");
    }
  }
}
