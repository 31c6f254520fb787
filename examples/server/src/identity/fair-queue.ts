import { HttpError } from "../errors.js";

/** Origin of a piece of work. */
export interface Origin {
  /** Network of the client. */
  readonly network: string;
  /** Whether the account knows the device from an earlier login. */
  readonly isKnownDevice: boolean;
}

interface Waiting {
  readonly start: () => void;
  readonly reject: (reason: HttpError) => void;
}

/** Waiting work of one lane, by network. The first network is served next. */
class Lane {
  readonly #networks = new Map<string, Waiting[]>();
  size = 0;

  count(network: string): number {
    return this.#networks.get(network)?.length ?? 0;
  }

  add(network: string, waiting: Waiting): void {
    const others = this.#networks.get(network);
    if (others === undefined) this.#networks.set(network, [waiting]);
    else others.push(waiting);
    this.size += 1;
  }

  /** Removes the first work of the next network, and moves that network to the end. */
  next(): Waiting | undefined {
    for (const [network, waiting] of this.#networks) {
      const first = waiting.shift();
      this.#networks.delete(network);
      if (waiting.length > 0) this.#networks.set(network, waiting);
      this.size -= 1;
      return first;
    }
    return undefined;
  }

  /** Network with the most waiting work. */
  get crowded(): string | undefined {
    let crowded: string | undefined;
    for (const [network, { length }] of this.#networks) {
      if (crowded === undefined || length > this.count(crowded)) crowded = network;
    }
    return crowded;
  }

  /** Amount of waiting work of the network with the most. */
  get maxCount(): number {
    return this.crowded === undefined ? 0 : this.count(this.crowded);
  }

  /** Removes the last work of a network. */
  drop(network: string): Waiting | undefined {
    const waiting = this.#networks.get(network);
    const last = waiting?.pop();
    if (waiting?.length === 0) this.#networks.delete(network);
    if (last !== undefined) this.size -= 1;
    return last;
  }
}

/**
 * Limits concurrent and waiting work. Known devices and other devices have a lane each, and the lanes alternate. A lane serves
 * its networks round-robin, so that one network's work does not delay that of others. If the queue is full, a network with less
 * waiting work replaces the last piece of the network with the most.
 */
export class FairQueue {
  readonly #known = new Lane();
  readonly #others = new Lane();
  readonly #concurrency: number;
  readonly #maxWaiting: number;
  #running = 0;
  #servedKnown = false;

  constructor({ concurrency, maxWaiting }: { concurrency: number; maxWaiting: number }) {
    this.#concurrency = concurrency;
    this.#maxWaiting = maxWaiting;
  }

  /**
   * Runs `work` when its network is served.
   *
   * @throws {HttpError} if the queue is full.
   */
  async run<Result>(origin: Origin, work: () => Promise<Result>): Promise<Result> {
    if (this.#running < this.#concurrency) this.#running += 1;
    else await this.#wait(origin);
    try {
      return await work();
    } finally {
      const next = this.#next();
      if (next === undefined) this.#running -= 1;
      else next.start();
    }
  }

  #wait({ network, isKnownDevice }: Origin): Promise<void> {
    const lane = isKnownDevice ? this.#known : this.#others;
    if (this.#known.size + this.#others.size >= this.#maxWaiting) this.#makeRoom(lane, network);
    return new Promise((start, reject) => lane.add(network, { start, reject }));
  }

  #next(): Waiting | undefined {
    const isTurnOfKnown = this.#others.size === 0 || !this.#servedKnown;
    this.#servedKnown = isTurnOfKnown && this.#known.size > 0;
    return (this.#servedKnown ? this.#known : this.#others).next();
  }

  #makeRoom(lane: Lane, network: string): void {
    const from = this.#known.maxCount > this.#others.maxCount ? this.#known : this.#others;
    // Count the new work too, so that two networks cannot replace each other's work. On a tie, known devices win.
    const isPreferred = lane === this.#known && from === this.#others;
    const needed = lane.count(network) + (isPreferred ? 0 : 1);
    if (from.maxCount <= needed) throw tooMany();
    from.drop(from.crowded!)!.reject(tooMany());
  }
}

function tooMany(): HttpError {
  return new HttpError(
    503,
    "ERR_UNAVAILABLE",
    "too many concurrent logins: try again in a few seconds",
    {
      retry_after: 5,
    },
  );
}
