import type { OutageReport } from "./run.js";

/** Within which everything goes on after an outage, on a machine that does nothing else. */
const RECOVERY_SECONDS = 10;

/** What took longer to go on than `seconds`, or did not. */
export function findLate(
  { outages, quietChat }: OutageReport,
  seconds = RECOVERY_SECONDS,
): string[] {
  const recoveries = outages.map(({ name, recoverySeconds }) => [name, recoverySeconds] as const);
  const quiet = Object.entries(quietChat).map(
    ([name, time]) => [`a message ${name}`, time] as const,
  );
  return [...recoveries, ...quiet]
    .filter(([, time]) => !(time !== undefined && time <= seconds))
    .map(([name, time]) => `${name}: ${time === undefined ? "never" : `${time.toFixed(1)} s`}`);
}
