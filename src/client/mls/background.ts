/** Seconds to wait before a failed call is repeated: the first time, and at most. */
const FIRST_WAIT = 1;
const LONGEST_WAIT = 30;

/**
 * Thrown by calls that were not done when `MlsChats.close` was called, or after it. It is not a `LacreError`: nothing was rejected,
 * and a content that was to be sent is stored, and sent by the next run.
 *
 * ```ts
 * if (error instanceof ClosedError) return; // the program ends
 * ```
 */
export class ClosedError extends Error {
  override readonly name = "ClosedError";
}

const closed = () => new ClosedError("the MLS chats are closed");

/** Returns whether the server rejected a call, so that its repetition would be rejected too. */
export function isRejection(error: unknown): error is { readonly code?: string } {
  const { status } = (error ?? {}) as { status?: unknown };
  return (
    typeof status === "number" &&
    status >= 400 &&
    status < 500 &&
    status !== 401 &&
    status !== 408 &&
    status !== 429
  );
}

/** The server's error code of a rejection. */
export function codeOf(error: unknown): unknown {
  return isRejection(error) ? error.code : undefined;
}

/** Waits, and repeats calls that fail, until it is stopped. */
export class Background {
  readonly #stopping = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dueAt = Number.POSITIVE_INFINITY;
  readonly #accesses = new Set<Promise<unknown>>();
  #isEnded = false;

  get isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** @throws {ClosedError} after `end`. */
  throwIfStopped(): void {
    if (this.isStopped) throw closed();
  }

  /**
   * Returns the methods of a server. After `end` they make no request, and those that wait for one end.
   *
   * @throws {ClosedError} in each method, after `end`.
   */
  requests<Server extends object>(server: Server): Server {
    return eachCall(server, async (call) => {
      this.throwIfStopped();
      return this.until(call());
    });
  }

  /**
   * Returns the methods of a storage. They write nothing once `end` has waited for others: another program may use the storage
   * after that.
   *
   * @throws {ClosedError} in each method that writes, after `end`.
   */
  accesses<Storage extends object>(storage: Storage): Storage {
    return eachCall(storage, async (call, name) => {
      if (this.#isEnded && name !== "get" && name !== "keys") throw closed();
      const access = call();
      this.#accesses.add(access);
      try {
        return await access;
      } finally {
        this.#accesses.delete(access);
      }
    });
  }

  /** Stops the waits and requests, waits until others have settled, and then until the storage is not accessed. */
  async end(others?: Promise<unknown>): Promise<void> {
    clearTimeout(this.#timer);
    this.#stopping.abort();
    if (others !== undefined) await Promise.allSettled([others]);
    this.#isEnded = true;
    await Promise.allSettled(this.#accesses);
  }

  /** Resolves with what the promise does. @throws {ClosedError} after `end`. */
  async until<Value>(promise: Promise<Value>): Promise<Value> {
    const { signal } = this.#stopping;
    this.throwIfStopped();
    let leave = () => {};
    const stopped = new Promise<never>((_, reject) => {
      leave = () => reject(closed());
      signal.addEventListener("abort", leave, { once: true });
    });
    try {
      return await Promise.race([promise, stopped]);
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  /**
   * Repeats work until it succeeds. Calls `report` for each failure.
   *
   * @throws what the work throws, if `isFinal` says that a repetition does not help. {ClosedError} after `end`.
   */
  async repeat<Value>(
    work: () => Promise<Value>,
    isFinal: (error: unknown) => boolean,
    report: (error: unknown) => void,
  ): Promise<Value> {
    for (let wait = FIRST_WAIT; ; wait = Math.min(wait * 2, LONGEST_WAIT)) {
      this.throwIfStopped();
      try {
        return await work();
      } catch (error) {
        if (error instanceof ClosedError || isFinal(error)) throw error;
        report(error);
      }
      await this.wait(wait);
    }
  }

  /** Resolves after some seconds. @throws {ClosedError} after `end`. */
  async wait(seconds: number): Promise<void> {
    await this.until(new Promise((resolve) => unref(setTimeout(resolve, seconds * 1000))));
  }

  /** Runs work after some seconds. Of several calls, the earliest counts. */
  schedule(seconds: number, work: () => void): void {
    const at = Date.now() + seconds * 1000;
    if (this.isStopped || at >= this.#dueAt) return;
    clearTimeout(this.#timer);
    this.#dueAt = at;
    const run = () => {
      this.#dueAt = Number.POSITIVE_INFINITY;
      work();
    };
    this.#timer = unref(setTimeout(run, seconds * 1000));
  }
}

/** Returns an object with the same properties, whose methods are called by `around`. */
function eachCall<Target extends object>(
  target: Target,
  around: (call: () => Promise<unknown>, name: PropertyKey) => Promise<unknown>,
): Target {
  return new Proxy(target, {
    get(_, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return (...given: unknown[]) => around(async () => value.apply(target, given), name);
    },
  });
}

/** Lets the process of Node, Bun or Deno end although the timer runs. Browsers have numbers for timers. */
function unref(timer: ReturnType<typeof setTimeout>): ReturnType<typeof setTimeout> {
  (timer as { unref?: () => void }).unref?.();
  return timer;
}
