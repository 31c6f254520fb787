import { FreshnessError } from "../errors.js";
import { DEFAULT_CLOCK_TOLERANCE, DEFAULT_MAX_AGE } from "../limits.js";

/** How old a frame may be, and how wrong a clock; all in seconds. */
export interface FreshnessOptions {
  /** Seconds for which a frame stays acceptable. 300 by default. */
  readonly maxAge?: number;
  /** Seconds by which the sender's clock may differ from ours. 60 by default. */
  readonly clockTolerance?: number;
}

/**
 * Holds that −clockTolerance ≤ now − timestamp ≤ maxAge + clockTolerance, and returns the Unix time in seconds after
 * which that will not hold any more. Throws FreshnessError.
 */
export function assertFresh(
  timestamp: number,
  now: number,
  { maxAge = DEFAULT_MAX_AGE, clockTolerance = DEFAULT_CLOCK_TOLERANCE }: FreshnessOptions,
): number {
  const age = now - timestamp;
  const limit = maxAge - -clockTolerance;
  // Asked this way round, an option that is not a number lets nothing through.
  if (!(age >= -clockTolerance)) {
    throw new FreshnessError(
      "ERR_FROM_FUTURE",
      "the frame is from the future: check the clocks of both ends",
    );
  }
  if (!(age <= limit)) {
    throw new FreshnessError("ERR_EXPIRED", "the frame is too old: check the clocks of both ends");
  }
  return timestamp + limit;
}
