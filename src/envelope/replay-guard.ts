import { unixNow } from "../clock.js";
import { FreshnessError } from "../errors.js";
import { DEFAULT_REPLAY_CAPACITY } from "../limits.js";

/**
 * Remembers the frames of one process until they are too old to be accepted anyway. One guard serves all connections
 * that share a key.
 *
 * ```ts
 * const replay = new ReplayGuard();
 * const message = MessageProtocol.open(bytes, { key, replay });
 * ```
 */
export class ReplayGuard {
  readonly #capacity: number;
  readonly #seen = new Set<string>();
  /** What to forget together: the identities that expire within one second, by that second. */
  readonly #expiring = new Map<number, string[]>();
  #clock = Number.NEGATIVE_INFINITY;

  /** `capacity` is the number of frames remembered at once, 131,072 by default. */
  constructor({ capacity = DEFAULT_REPLAY_CAPACITY }: { readonly capacity?: number } = {}) {
    this.#capacity = capacity;
  }

  /** How many frames it remembers. */
  get size(): number {
    return this.#seen.size;
  }

  /**
   * Remembers a frame's 32-byte identity until `expires` and tells whether it is new; both times are Unix time in
   * seconds. Its clock never runs back: what was forgotten as expired stays refused.
   * Throws FreshnessError `ERR_EXPIRED`, and `ERR_REPLAY_GUARD_FULL` rather than forget early.
   */
  add(identity: Uint8Array, expires: number, now: number = unixNow()): boolean {
    this.#advance(now);
    if (!(expires >= this.#clock)) {
      throw new FreshnessError(
        "ERR_EXPIRED",
        "the frame expired before it came to the replay guard",
      );
    }
    const key = String.fromCharCode(...identity);
    if (this.#seen.has(key)) return false;
    if (!(this.#seen.size < this.#capacity)) {
      throw new FreshnessError(
        "ERR_REPLAY_GUARD_FULL",
        `the replay guard holds ${this.#seen.size} frames and takes no more until some expire: slow down, or give it more capacity`,
      );
    }
    this.#seen.add(key);
    const second = Math.floor(expires);
    const expiring = this.#expiring.get(second);
    if (expiring) expiring.push(key);
    else this.#expiring.set(second, [key]);
    return true;
  }

  #advance(now: number): void {
    const isNewSecond = Math.floor(now) > Math.floor(this.#clock);
    if (now > this.#clock) this.#clock = now;
    if (!isNewSecond) return;
    for (const [second, keys] of this.#expiring) {
      if (second + 1 > this.#clock) continue;
      for (const key of keys) this.#seen.delete(key);
      this.#expiring.delete(second);
    }
  }
}
