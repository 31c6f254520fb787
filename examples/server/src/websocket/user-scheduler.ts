/** Milliseconds after which the remaining users wait for the next turn of the event loop. */
const TURN_MS = 10;

/** Maximum concurrent work of one user, so that database connections remain for other users. */
const MAX_CONCURRENT = 4;

interface UserQueue {
  readonly waiting: (() => void)[];
  running: number;
  /** Last turn in which work of the user started. */
  lastTurn: number;
}

/**
 * Schedules the work of users round-robin. In one turn of the event loop, at most one piece of work starts for each user,
 * regardless of the user's number of connections. Between turns, the event loop handles everything else.
 */
export class UserScheduler {
  readonly #queues = new Map<number, UserQueue>();
  /** Users with work that may start, the next one first. */
  readonly #ready = new Set<number>();
  #turn = 0;
  #turnBegan = 0;
  #isScheduled = false;

  /** Runs `work` when it is the user's turn. */
  async run<Result>(userId: number, work: () => Promise<Result>): Promise<Result> {
    await this.#enter(userId);
    try {
      return await work();
    } finally {
      this.#leave(userId);
    }
  }

  /** Releases the user's slot while started work waits, so that other work of the user can run. */
  async yieldWhile(userId: number, wait: () => Promise<void>): Promise<void> {
    this.#leave(userId);
    try {
      await wait();
    } finally {
      await this.#enter(userId);
    }
  }

  #enter(userId: number): Promise<void> {
    const queue = this.#queueOf(userId);
    return new Promise<void>((start) => {
      queue.waiting.push(start);
      this.#markReady(userId, queue);
    });
  }

  #leave(userId: number): void {
    const queue = this.#queueOf(userId);
    queue.running -= 1;
    this.#markReady(userId, queue);
    if (queue.running === 0 && queue.waiting.length === 0) this.#queues.delete(userId);
  }

  #queueOf(userId: number): UserQueue {
    let queue = this.#queues.get(userId);
    if (queue === undefined) {
      queue = { waiting: [], running: 0, lastTurn: -1 };
      this.#queues.set(userId, queue);
    }
    return queue;
  }

  /** Appends a user whose work may start to the end of the ready list. */
  #markReady(userId: number, queue: UserQueue): void {
    if (queue.waiting.length === 0 || queue.running >= MAX_CONCURRENT) return;
    this.#ready.add(userId);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#begin());
  }

  #begin(): void {
    this.#turn += 1;
    this.#turnBegan = performance.now();
    this.#serveNext();
  }

  #serveNext(): void {
    const [userId] = this.#ready;
    if (userId === undefined) {
      this.#isScheduled = false;
      return;
    }
    const queue = this.#queues.get(userId)!;
    const isOver = performance.now() - this.#turnBegan > TURN_MS;
    if (isOver || queue.lastTurn === this.#turn) {
      setImmediate(() => this.#begin());
      return;
    }
    this.#ready.delete(userId);
    queue.lastTurn = this.#turn;
    queue.running += 1;
    queue.waiting.shift()!();
    this.#markReady(userId, queue);
    // `nextTick` from a microtask runs after all pending microtasks: by then the synchronous SQLite queries are done.
    queueMicrotask(() => process.nextTick(() => this.#serveNext()));
  }
}
