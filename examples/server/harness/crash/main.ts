import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import type { DatabaseKind } from "../processes/database.js";
import { hasNoViolations, printProblems } from "../report.js";
import { type Round, runCrashRounds } from "./rounds.js";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "20" },
    database: { type: "string", default: "sqlite" },
    seed: { type: "string", default: String(randomInt(1_000_000)) },
    "ack-before-commit": { type: "boolean", default: false },
  },
});
const database = values.database as DatabaseKind;
const options = {
  rounds: Number(values.rounds),
  database,
  seed: Number(values.seed),
  acknowledgesBeforeCommit: values["ack-before-commit"],
};

console.log(
  `kill -9 of a server on ${database} under load, ${values.rounds} rounds, seed ${values.seed}`,
);
if (options.acknowledgesBeforeCommit)
  console.log("The server acknowledges before it commits: losses are expected.");
console.log("round  seconds  acknowledged  in flight  of these stored  lost so far");
const report = await runCrashRounds({ ...options, onRound: printRound });
const { lost, duplicated, others, acknowledged, stored } = report;
console.log(
  `${acknowledged} acknowledged, ${stored} stored, ${lost.length} lost, ${duplicated.length} duplicated, ${others.length} other problems`,
);
printProblems(report);
process.exitCode = hasNoViolations(report) ? 0 : 1;

function printRound({
  number,
  seconds,
  acknowledged,
  inFlight,
  storedUnacknowledged,
  lost,
}: Round): void {
  const cells = [
    String(number).padStart(5),
    seconds.toFixed(2).padStart(7),
    String(acknowledged).padStart(12),
    String(inFlight).padStart(9),
    String(storedUnacknowledged).padStart(15),
    String(lost).padStart(11),
  ];
  console.log(cells.join("  "));
}
