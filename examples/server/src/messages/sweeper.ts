import { setImmediate as yieldToOthers } from "node:timers/promises";
import type { Logger } from "pino";
import type { Store } from "../database/store.js";

const INTERVAL_SECONDS = 30;

/** Maximum messages or sessions that one transaction deletes. */
const BATCH = 200;

/** Maximum chats that one query reads. */
const CHATS = 500;

/** Periodically deletes expired messages and sessions from the database. Reads already hide them from their expiry on. */
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

  /** Deletes expired rows now and then every `INTERVAL_SECONDS`. */
  start(): void {
    this.#sweep = this.#sweepAndLog().then(() => {
      if (this.#isStopped) return;
      this.#timer = setTimeout(() => this.start(), INTERVAL_SECONDS * 1000).unref();
    });
  }

  /** Stops the timer. Resolves when the sweeper no longer uses the database. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#sweep;
  }

  /** Deletes all expired messages and sessions. Returns the number of deleted messages. */
  async sweep(): Promise<number> {
    const now = Date.now() / 1000;
    await this.#inBatches((limit) => this.#store.sessions.deleteExpired({ now, limit }));
    let total = 0;
    let after = 0;
    while (!this.#isStopped) {
      const chats = await this.#store.messages.listExpiringChats({ after, limit: CHATS, now });
      for (const { id, until, isDue } of chats) {
        if (!isDue) continue;
        total += await this.#inBatches((limit) =>
          this.#store.messages.deleteExpired(id, { until, limit }),
        );
      }
      if (chats.length < CHATS) break;
      after = chats.at(-1)!.id;
      await yieldToOthers();
    }
    return total;
  }

  async #inBatches(deleteSome: (limit: number) => Promise<number>): Promise<number> {
    let total = 0;
    while (!this.#isStopped) {
      const count = await deleteSome(BATCH);
      total += count;
      if (count < BATCH) break;
      await yieldToOthers();
    }
    return total;
  }

  async #sweepAndLog(): Promise<void> {
    try {
      const messages = await this.sweep();
      if (messages > 0) this.#log.info({ messages }, "deleted expired messages");
    } catch (error) {
      this.#log.warn(
        { err: error },
        "could not delete expired messages and sessions; retrying later",
      );
    }
  }
}
