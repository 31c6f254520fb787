import { parseArgs } from "node:util";
import { runMutants } from "./run.js";
import { samples } from "./samples.js";

const { values: given } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    stride: { type: "string", default: "1" },
    rounds: { type: "string", default: "40" },
  },
});

Error.stackTraceLimit = 0;
const start = performance.now();
const report = await runMutants({
  seed: Number(given.seed),
  stride: Number(given.stride),
  rounds: Number(given.rounds),
});
const seconds = (performance.now() - start) / 1000;
const { mutants, byteChanges, structural, opened, perKind, escapes } = report;
for (const [kind, count] of perKind) console.log(`${String(count).padStart(7)}  ${kind}`);
console.log(
  `seed ${given.seed}, ${samples.length} frames: ${mutants} mutants in ${Math.round(seconds)} s, of them ${byteChanges} of one ` +
    `byte and ${structural} of ${perKind.size} structural kinds; ${opened} opened, as the specification requires; ` +
    `${escapes.length} escaped`,
);
for (const { kind, sample, bytes, problem } of escapes) {
  console.error(
    `ESCAPED: ${problem}: ${kind}, ${sample}: ${Buffer.from(bytes).toString("hex").slice(0, 2000)}`,
  );
}
process.exitCode = escapes.length > 0 ? 1 : 0;
