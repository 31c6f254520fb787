import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Fuzzer, type FuzzReport } from "./fuzzer.js";
import { targets } from "./targets/index.js";

const { values: given } = parseArgs({
  options: {
    seconds: { type: "string" },
    executions: { type: "string" },
    seed: { type: "string" },
    target: { type: "string" },
    input: { type: "string" },
    help: { type: "boolean" },
  },
});

if (given.help) {
  console.log(`npm run fuzz -- [--seconds N] [--executions N] [--seed N] [--target NAME [--input HEX]]

Runs every function that reads untrusted bytes on random, mutated and generated inputs, for 60 seconds by default.
Keeps inputs with new behaviour in test/assurance/corpus/ for the next run. With --input, runs this input only.

Targets:
${targets.map(({ name }) => `  ${name}`).join("\n")}`);
  process.exit();
}

const chosen = targets.filter(({ name }) => given.target === undefined || name === given.target);
if (chosen.length === 0) throw new Error(`no target ${given.target}; --help lists them`);

if (given.input !== undefined) {
  for (const target of chosen) console.log(await target.run(Buffer.from(given.input, "hex")));
  process.exit();
}

const folder = fileURLToPath(new URL("../corpus/", import.meta.url));
mkdirSync(folder, { recursive: true });
const fileOf = (target: string) => join(folder, `${target.replaceAll(/\W+/g, "-")}.txt`);

function readCorpus(target: string): Uint8Array[] {
  if (!existsSync(fileOf(target))) return [];
  const lines = readFileSync(fileOf(target), "utf8").split("\n");
  return lines.filter(Boolean).map((line) => new Uint8Array(Buffer.from(line, "base64")));
}

function writeCorpus(fuzzer: Fuzzer): void {
  for (const { name } of chosen) {
    const lines = new Set(fuzzer.kept(name).map((input) => Buffer.from(input).toString("base64")));
    writeFileSync(fileOf(name), [...lines].join("\n"));
  }
}

// Most of the time of a rejection is spent on the stack trace, which is not used here.
Error.stackTraceLimit = 0;
const seed = Number(given.seed ?? Date.now() % 2 ** 31);
const executions = given.executions === undefined ? undefined : Number(given.executions);
const seconds = Number(given.seconds ?? (executions === undefined ? 60 : Number.POSITIVE_INFINITY));
console.log(`fuzzing ${chosen.length} targets, seed ${seed}`);

const REPORT_EVERY = 30;
let reportAt = REPORT_EVERY;
const fuzzer = new Fuzzer(chosen, { seed, corpus: readCorpus });
const report = await fuzzer.run({ seconds, executions }, (progress) => {
  if (progress.seconds < reportAt) return;
  reportAt = progress.seconds + REPORT_EVERY;
  print(progress);
});
print(report);
writeCorpus(fuzzer);
for (const { target, input, problem } of report.findings) {
  console.error(`\nFOUND in "${target}":`, problem);
  console.error(
    `npm run fuzz -- --target "${target}" --input ${Buffer.from(input).toString("hex")}`,
  );
}
process.exitCode = report.findings.length > 0 ? 1 : 0;

function print({ executions, seconds, behaviours, byKind, findings }: FuzzReport): void {
  const kinds = Object.entries(byKind).map(([kind, count]) => `${count} ${kind}`);
  const rate = Math.round(executions / seconds);
  console.log(
    `${Math.round(seconds)} s: ${executions} executions (${kinds.join(", ")}), ${rate}/s, ` +
      `${behaviours} behaviours, ${findings.length} findings`,
  );
}
