const SHORTEST = 0.1;
const LONGEST = 3600;

/** A time that a server asks for, in seconds, within bounds: it neither has a client spin nor silences it for ever. */
export function withinPatience(seconds: number): number {
  return Math.min(LONGEST, Math.max(SHORTEST, seconds));
}
