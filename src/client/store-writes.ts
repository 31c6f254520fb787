/** Milliseconds after which a failed write is repeated. */
const RETRY_INTERVAL = 5000;

type Write = () => Promise<void>;

/**
 * Writes to the storage that must not be lost. Each has a key, such as a chat id. A write that fails is repeated until it
 * succeeds. Later writes with the same key wait for it; others do not.
 */
export class StoreWrites {
  readonly #report: (error: unknown) => void;
  /** Writes that have not succeeded, by key and in order. */
  readonly #waiting = new Map<number | string, Write[]>();
  #last: Promise<void> = Promise.resolve();
  #retry: ReturnType<typeof setTimeout> | undefined;
  #hasStopped = false;

  /** Calls `report` with the error of each failed write, and with undefined when all writes have succeeded. */
  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  /** Adds a write. Resolves when it has succeeded or is scheduled again. */
  add(key: number | string, write: Write): Promise<void> {
    return this.#inOrder(async () => {
      const writes = this.#waiting.get(key);
      if (writes === undefined) this.#waiting.set(key, [write]);
      else writes.push(write);
      await this.#doWrites(key);
    });
  }

  /** Repeats the failed writes one last time. */
  async stop(): Promise<void> {
    this.#hasStopped = true;
    clearTimeout(this.#retry);
    await this.#repeat();
  }

  #repeat(): Promise<void> {
    this.#retry = undefined;
    return this.#inOrder(async () => {
      for (const key of this.#waiting.keys()) await this.#doWrites(key);
    });
  }

  #inOrder(work: Write): Promise<void> {
    this.#last = this.#last.then(work);
    return this.#last;
  }

  async #doWrites(key: number | string): Promise<void> {
    const writes = this.#waiting.get(key)!;
    try {
      for (; writes.length > 0; writes.shift()) await writes[0]!();
      this.#waiting.delete(key);
    } catch (error) {
      if (!this.#hasStopped) this.#retry ??= setTimeout(() => void this.#repeat(), RETRY_INTERVAL);
      return this.#report(error);
    }
    if (this.#waiting.size === 0) this.#report(undefined);
  }
}
