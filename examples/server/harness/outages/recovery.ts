import type { OutageReport } from "./run.js";

/** Maximum recovery time on an idle machine. */
const RECOVERY_SECONDS = 10;

/** Returns a description of each recovery or delivery that took longer than `seconds`, or did not happen. */
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
