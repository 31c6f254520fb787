import { setImmediate as yieldToOthers } from "node:timers/promises";
import type { Logger } from "pino";
import type { Store } from "../database/store.js";

const INTERVAL_SECONDS = 30;

/** Seconds for which the server remembers claimed key packages, so that a repeated request does not publish one again. */
const CLAIMED_SECONDS = 7 * 24 * 3600;

/** Seconds after which an invitation is deleted. The device then joins by the chat's group info. */
const INVITATION_SECONDS = 30 * 24 * 3600;

/** Maximum rows that one transaction deletes. */
const BATCH = 200;

/** Maximum chats that one query reads. */
const CHATS = 500;

/** Periodically deletes expired messages, sessions, acceptances, claimed key packages and old invitations. Reads already hide them before. */
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

  /** Deletes all that is expired. Returns the number of deleted messages. */
  async sweep(): Promise<number> {
    const now = Date.now() / 1000;
    const { sessions, devices, keyPackages } = this.#store;
    await this.#inBatches((limit) => sessions.deleteExpired({ now, limit }));
    await this.#inBatches((limit) => devices.deleteExpired({ now, limit }));
    const until = now - CLAIMED_SECONDS;
    await this.#inBatches((limit) => keyPackages.deleteClaimed({ until, limit }));
    const before = now - INVITATION_SECONDS;
    await this.#inBatches((limit) => this.#store.commits.deleteExpired({ until: before, limit }));
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
