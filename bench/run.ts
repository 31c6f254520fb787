import { parseArgs } from "node:util";
import { MissingError, runtimes } from "./runtimes.js";
import { tablesOf } from "./tables.js";

const { values } = parseArgs({
  options: {
    runtime: { type: "string", multiple: true, default: ["node"] },
    json: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
  },
});
const chosen = values.runtime.includes("all") ? Object.keys(runtimes) : values.runtime;
const unknown = chosen.filter((name) => runtimes[name] === undefined);
if (unknown.length > 0) {
  console.error(
    `unknown runtime ${unknown.join(", ")}: use ${Object.keys(runtimes).join(", ")} or all`,
  );
  process.exit(2);
}

const effort = values.quick ? { rounds: 3, time: 10 } : { rounds: 11, time: 20 };
const reports = [];
for (const name of chosen) {
  try {
    const report = await runtimes[name]!(effort);
    reports.push(report);
    if (!values.json) console.log(`${tablesOf(report)}\n`);
  } catch (error) {
    if (!(error instanceof MissingError)) throw error;
    console.error(`SKIPPED ${name}: ${error.message}`);
  }
}
if (values.json) console.log(JSON.stringify(reports));
