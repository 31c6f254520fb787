import { defineConfig } from "vitest/config";
import {
  examples,
  maxWorkers,
  partlyQuick,
  partOfFaults,
  remainingOnNode,
  slow,
  thePackage,
  twoInstances,
  web,
} from "./test/runtimes/projects.js";

// For test/support/runs.ts: what the quick suite has run whole is left out.
process.env.LACRE_TESTS = "remaining";

const shortened = process.env.LACRE_SHORTENED;
const isShortened = shortened !== undefined;
/** One project would run alone at the end, for minutes. On one machine in CI, each third commit runs another tenth. */
const faults = isShortened
  ? [partOfFaults(Math.floor(Number(shortened) / 3) % 10, 10)]
  : [partOfFaults(0, 2), partOfFaults(1, 2)];
/** The longest files whose parts the quick suite runs, or that repeat a crash many times. */
const longest = [
  "examples/server/test/storage/commands.test.ts",
  "examples/server/test/harness/crash.test.ts",
  "examples/demo/test/planted-faults.test.ts",
];
const remaining = [...slow.examples, ...partlyQuick("examples")];

/**
 * What the quick suite does not run whole, for .ci/run, which runs both. The other platforms' files run on the platforms
 * themselves there: `npm run test:runtimes` and `test:browsers`.
 */
export default defineConfig({
  test: {
    maxWorkers,
    projects: [
      thePackage({ include: slow.package }),
      remainingOnNode(),
      examples({ include: remaining.filter((path) => !isShortened || !longest.includes(path)) }),
      ...faults,
      web,
      ...(await twoInstances()),
    ],
  },
});
