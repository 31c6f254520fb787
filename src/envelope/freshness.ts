import { numberArgument } from "../arguments.js";
import { FreshnessError } from "../errors.js";
import { DEFAULT_CLOCK_TOLERANCE, DEFAULT_MAX_AGE } from "../limits.js";

/** Limits on the age of a frame, in seconds. */
export interface FreshnessOptions {
  /** Maximum age of a frame, in seconds. Default: 300. */
  readonly maxAge?: number;
  /** Maximum difference between the sender's clock and the receiver's, in seconds. Default: 60. */
  readonly clockTolerance?: number;
}

/**
 * Returns the limits, with their defaults.
 *
 * @throws {ValidationError} if one is negative, NaN or not a number.
 */
export function ageLimits({
  maxAge = DEFAULT_MAX_AGE,
  clockTolerance = DEFAULT_CLOCK_TOLERANCE,
}: FreshnessOptions): Required<FreshnessOptions> {
  numberArgument(maxAge, "options.maxAge", 0);
  numberArgument(clockTolerance, "options.clockTolerance", 0);
  return { maxAge, clockTolerance };
}

/**
 * Checks that −clockTolerance ≤ now − timestamp ≤ maxAge + clockTolerance (docs/PROTOCOL.md, section 6). Returns the Unix
 * time in seconds after which the frame is too old.
 *
 * @throws {FreshnessError} `ERR_FROM_FUTURE` or `ERR_EXPIRED` if the check fails.
 */
export function assertFresh(
  timestamp: number,
  now: number,
  { maxAge, clockTolerance }: Required<FreshnessOptions>,
): number {
  const age = now - timestamp;
  const limit = maxAge + clockTolerance;
  // The negated comparisons reject a frame whose timestamp is NaN.
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
