import { createDatabase, type DatabaseKind } from "../processes/database.js";
import { ServerProcess } from "../processes/server-process.js";
import { hasNoViolations, printProblems } from "../report.js";
import { planOf } from "./plan.js";
import { runPlan } from "./run-plan.js";

const plans = Number(process.env.LACRE_PLANS ?? 30);
const first = Number(process.env.LACRE_SEED ?? 1);
const kind = (process.env.LACRE_DATABASE ?? "sqlite") as DatabaseKind;

console.log(`${plans} plans from seed ${first} on, over real WebSockets, on ${kind}`);
console.log("   seed  written  failed  offline  breaks  violations");
const database = await createDatabase(kind);
const server = await ServerProcess.create({ databaseUrl: database.url });
let failures = 0;
try {
  await server.start();
  for (let seed = first; seed < first + plans; seed++) {
    const outcome = await runPlan(planOf(seed), server, database.url);
    const { written, failed, timesOffline, breaks, lost, duplicated, others } = outcome;
    const numbers = [seed, written, failed, timesOffline, breaks];
    const problems = lost.length + duplicated.length + others.length;
    const cells = numbers.map((number, at) => String(number).padStart([7, 7, 6, 7, 6][at]!));
    console.log(`${cells.join("  ")}  ${String(problems).padStart(10)}`);
    printProblems(outcome);
    if (!hasNoViolations(outcome)) failures += 1;
  }
} finally {
  await server.stop();
  await database.remove();
}
process.exitCode = failures === 0 ? 0 : 1;
