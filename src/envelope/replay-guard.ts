import { numberArgument, objectArgument, timeArgument } from "../arguments.js";
import { copyOfBytes } from "../bytes.js";
import { unixNow } from "../clock.js";
import { FreshnessError, ValidationError } from "../errors.js";
import { DEFAULT_REPLAY_CAPACITY, MAC_BYTES } from "../limits.js";

/**
 * Rejects frames that one process has received before. It remembers a frame until the frame is too old to be accepted.
 * Connections that share a key must share a guard (docs/PROTOCOL.md, section 6).
 *
 * ```ts
 * const replay = new ReplayGuard();
 * const message = MessageProtocol.open(bytes, { key, replay });
 * ```
 */
export class ReplayGuard {
  readonly #capacity: number;
  readonly #seen = new Set<string>();
  /** Remembered identities by the second in which they expire. */
  readonly #expiring = new Map<number, string[]>();
  /** The second in which expired identities were last removed. */
  #second = Number.NEGATIVE_INFINITY;
  /** Identities that expire before this time have been removed, even if the clock goes back. */
  #removedBefore = Number.NEGATIVE_INFINITY;

  /**
   * Creates an empty guard.
   *
   * @param options - `capacity` is the maximum number of remembered frames, at least 1. Default: 131,072.
   * @throws {ValidationError} if `capacity` is not a number of at least 1.
   */
  constructor(options: { readonly capacity?: number } = {}) {
    const { capacity = DEFAULT_REPLAY_CAPACITY } = objectArgument(options, "options");
    this.#capacity = numberArgument(capacity, "options.capacity", 1);
  }

  /** Number of remembered frames. */
  get size(): number {
    return this.#seen.size;
  }

  /**
   * Remembers a frame's identity until `expires`, and returns whether it is new. An identity that has expired once stays
   * rejected, even if the clock goes back.
   *
   * @param identity - 32 bytes: `identity` of a VerifiedMessage.
   * @param expires - Unix time in seconds after which the frame is too old.
   * @param now - Unix time in seconds.
   * @throws {FreshnessError} `ERR_EXPIRED` if the frame has expired, `ERR_REPLAY_GUARD_FULL` if the guard is full.
   * @throws {ValidationError} if `identity` is not 32 bytes, `expires` is not a number, or `now` is not a Unix time in seconds.
   */
  add(identity: Uint8Array, expires: number, now: number = unixNow()): boolean {
    numberArgument(expires, "expires", Number.NEGATIVE_INFINITY);
    timeArgument(now, "now");
    this.#removeExpired(now);
    if (expires < now || expires < this.#removedBefore) {
      throw new FreshnessError(
        "ERR_EXPIRED",
        "the frame expired before the replay guard received it",
      );
    }
    const bytes = copyOfBytes(identity);
    if (bytes?.length !== MAC_BYTES) {
      const issue = { path: ["identity"], message: `must have ${MAC_BYTES} bytes` };
      throw new ValidationError("replay guard", [issue]);
    }
    const key = String.fromCharCode(...bytes);
    if (this.#seen.has(key)) return false;
    if (this.#seen.size >= this.#capacity) {
      throw new FreshnessError(
        "ERR_REPLAY_GUARD_FULL",
        `the replay guard is full, with ${this.#seen.size} frames: wait until some expire, or increase its capacity`,
      );
    }
    this.#seen.add(key);
    const second = Math.floor(expires);
    const expiring = this.#expiring.get(second);
    if (expiring) expiring.push(key);
    else this.#expiring.set(second, [key]);
    return true;
  }

  #removeExpired(now: number): void {
    if (Math.floor(now) === this.#second) return;
    this.#second = Math.floor(now);
    for (const [second, keys] of this.#expiring) {
      if (second + 1 > now) continue;
      for (const key of keys) this.#seen.delete(key);
      this.#expiring.delete(second);
      this.#removedBefore = Math.max(this.#removedBefore, second + 1);
    }
  }
}
