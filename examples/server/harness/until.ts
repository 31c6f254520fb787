import { setTimeout as delay } from "node:timers/promises";

const POLL_MS = 10;

/** Waits until a condition holds. Resolves to false if it does not within `seconds`. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  seconds: number,
): Promise<boolean> {
  const end = performance.now() + seconds * 1000;
  while (!(await condition())) {
    if (performance.now() > end) return false;
    await delay(POLL_MS);
  }
  return true;
}
