import type { OutageReport } from "./run.js";

/** Within which everything goes on after an outage. */
const RECOVERY_SECONDS = 10;

/** What took longer to go on than it may. */
export function findLate({ outages, quietChat }: OutageReport): string[] {
  const slow = outages
    .filter(({ recoverySeconds }) => recoverySeconds > RECOVERY_SECONDS)
    .map(({ name, recoverySeconds }) => `${name}: ${recoverySeconds.toFixed(1)} s to recover`);
  const quiet = Object.entries(quietChat)
    .filter(([, seconds]) => !(seconds <= RECOVERY_SECONDS))
    .map(([name, seconds]) => `a message ${name}: ${seconds ?? "never"}`);
  return [...slow, ...quiet];
}
