import { timeArgument } from "../arguments.js";
import { CLOCK_JITTER, nextTime } from "../clock.js";

/**
 * Clock that never goes back. When the caller's clock is set back, this clock continues from its last time, so that no deadline
 * moves further away. Times are Unix time in seconds.
 */
export class SteadyClock {
  #time = Number.NEGATIVE_INFINITY;
  /** Seconds by which this clock is ahead of the caller's. */
  #lead = 0;

  /**
   * Returns this clock's time at the caller's `now`.
   *
   * @throws {ValidationError} if `now` is not a Unix time in seconds within ±10^11. The clock does not change.
   */
  read(now: number): number {
    // NaN, and a time in milliseconds, would remain the latest time forever.
    timeArgument(now, "now");
    if (this.#time - now - this.#lead > CLOCK_JITTER) this.#lead = this.#time - now;
    this.#time = Math.max(this.#time, now + this.#lead);
    return this.#time;
  }

  /** Returns the caller's time at this clock's `time`, rounded up so that a timer set to it does not fire too early. */
  toCallerTime(time: number): number {
    return nextTime(nextTime(time) - this.#lead);
  }
}
