/** Returns the Unix time in seconds by the platform's clock. */
export function unixNow(): number {
  return Date.now() / 1000;
}

/** Seconds by which a clock may go back before it counts as set back. Until then, times continue from the last one. */
export const CLOCK_JITTER = 1;

const MICROSECOND = 1e-6;

/** Returns a time in seconds after `time`: one microsecond later, or two float64 steps later if those are larger. */
export function nextTime(time: number): number {
  return time + Math.max(MICROSECOND, 2 * Number.EPSILON * Math.abs(time));
}
