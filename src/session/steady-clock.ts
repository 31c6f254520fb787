const MICROSECOND = 1e-6;
/** A clock that goes back further than this, in seconds, was set; for less, time is waited for. */
const JITTER = 1;

/**
 * A clock that stands still while the caller's goes back, and goes on with it: deadlines stay as far off as they were.
 * Times are Unix time in seconds.
 */
export class SteadyClock {
  #time = Number.NEGATIVE_INFINITY;
  /** How far it is ahead of the caller's clock. */
  #lead = 0;

  /** Its time at the caller's `now`. */
  read(now: number): number {
    if (this.#time - now - this.#lead > JITTER) this.#lead = this.#time - now;
    this.#time = Math.max(this.#time, now + this.#lead);
    return this.#time;
  }

  /** The caller's time at `time` of this clock, a little later, so that rounding has nobody come too early. */
  callers(time: number): number {
    return time - this.#lead + MICROSECOND;
  }
}
