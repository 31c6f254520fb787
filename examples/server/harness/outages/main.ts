import { hasNoViolations, printProblems } from "../report.js";
import type { Outage } from "./outage.js";
import { findLate } from "./recovery.js";
import { runOutages } from "./run.js";

console.log("Outages under load: two servers that share a PostgreSQL and a Redis");
console.log("outage               seconds  acknowledged  recovery  HTTP errors  slowest answer");
const report = await runOutages(printOutage);
const { lost, duplicated, others, acknowledged, quietChat, outages } = report;
const { writtenWithoutRedis, writtenAfterwards } = quietChat;
console.log(
  `delivery to the other server in a chat without other traffic: ${secondsOf(writtenWithoutRedis)} after the restart of Redis for a message written during its outage; ${secondsOf(writtenAfterwards)} for a message written afterwards`,
);
console.log(
  `${acknowledged} acknowledged, ${lost.length} lost, ${duplicated.length} duplicated, ${others.length} other problems`,
);
printProblems(report);
const late = findLate(report);
for (const problem of late) console.log(`  late: ${problem}`);
const hasErrors = outages.some(({ failures }) => failures.length > 0);
if (!hasErrors) console.log("  no request failed: check that the outages took place");
process.exitCode = hasNoViolations(report) && late.length === 0 && hasErrors ? 0 : 1;

function printOutage(outage: Outage): void {
  const { name, seconds, recoverySeconds, failures, slowestAnswerSeconds } = outage;
  const codes = new Set(failures.map(({ status, error_code }) => `${status} ${error_code}`));
  const cells = [
    name.padEnd(19),
    seconds.toFixed(2).padStart(8),
    String(outage.acknowledged).padStart(12),
    secondsOf(recoverySeconds).padStart(8),
    String(failures.length).padStart(11),
    secondsOf(slowestAnswerSeconds).padStart(14),
    [...codes].join(", "),
  ];
  console.log(cells.join("  "));
}

function secondsOf(value: number | undefined): string {
  return value === undefined ? "never" : `${value.toFixed(2)} s`;
}
