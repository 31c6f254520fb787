/** Unix time in seconds, by the platform's clock: the default wherever a caller may give another. */
export function unixNow(): number {
  return Date.now() / 1000;
}
