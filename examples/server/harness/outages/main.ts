import { isUnbroken, printProblems } from "../report.js";
import type { Outage } from "./outage.js";
import { findLate } from "./recovery.js";
import { runOutages } from "./run.js";

console.log("Outages under load: two servers, with a PostgreSQL and a Redis of their own");
console.log("outage               seconds  acknowledged  recovery  HTTP errors  slowest answer");
const report = await runOutages(printOutage);
const { lost, doubled, others, acknowledged, quietChat, outages } = report;
const { writtenWithoutRedis, writtenAfterwards } = quietChat;
console.log(
  `a message into a quiet chat, from one server to the other: ${secondsOf(writtenWithoutRedis)} after Redis is back, if it was written without it; ${secondsOf(writtenAfterwards)} if afterwards`,
);
console.log(
  `${acknowledged} acknowledged, ${lost.length} lost, ${doubled.length} doubled, ${others.length} other problems`,
);
printProblems(report);
const late = findLate(report);
for (const problem of late) console.log(`  late: ${problem}`);
const hasErrors = outages.some(({ failures }) => failures.length > 0);
if (!hasErrors) console.log("  nobody was told of an error: was there an outage?");
process.exitCode = isUnbroken(report) && late.length === 0 && hasErrors ? 0 : 1;

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
