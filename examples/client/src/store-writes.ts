import { StoreError } from "./errors.js";

/** Time after which a write that failed is repeated, in milliseconds. */
const RETRY_INTERVAL = 5000;

type Write = () => Promise<void>;

/**
 * Writes that must succeed at some time, each under the chat or the message that it is about. A write that fails is repeated
 * until it succeeds. Later writes under the same key wait for it; others do not.
 */
export class StoreWrites {
  readonly #report: (error: StoreError | undefined) => void;
  /** The writes that have not succeeded, in order. */
  readonly #waiting = new Map<number | string, Write[]>();
  #last: Promise<unknown> = Promise.resolve();
  #retry: ReturnType<typeof setTimeout> | undefined;
  #hasStopped = false;

  /** `report` gets the error after each write that fails, and undefined when no write waits any more. */
  constructor(report: (error: StoreError | undefined) => void) {
    this.#report = report;
  }

  /** Whether all writes have succeeded. */
  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /** Resolves when the write has succeeded or waits to be repeated. Rejects with errors that are no StoreError. */
  add(key: number | string, write: Write): Promise<void> {
    return this.#inOrder(async () => {
      const writes = this.#waiting.get(key);
      if (writes === undefined) this.#waiting.set(key, [write]);
      else writes.push(write);
      await this.#doWrites(key);
    });
  }

  /** Repeats the writes that failed one last time. */
  async stop(): Promise<void> {
    this.#hasStopped = true;
    clearTimeout(this.#retry);
    await this.#repeat();
  }

  #repeat(): Promise<void> {
    return this.#inOrder(async () => {
      for (const key of this.#waiting.keys()) await this.#doWrites(key);
    });
  }

  #inOrder(work: Write): Promise<void> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }

  async #doWrites(key: number | string): Promise<void> {
    const writes = this.#waiting.get(key)!;
    try {
      for (; writes.length > 0; writes.shift()) await writes[0]!();
      this.#waiting.delete(key);
    } catch (error) {
      if (!(error instanceof StoreError)) {
        this.#waiting.delete(key);
        throw error;
      }
      this.#repeatLater();
      return this.#report(error);
    }
    if (this.isEmpty) this.#report(undefined);
  }

  #repeatLater(): void {
    clearTimeout(this.#retry);
    if (this.#hasStopped) return;
    this.#retry = setTimeout(() => void this.#repeat(), RETRY_INTERVAL);
  }
}
