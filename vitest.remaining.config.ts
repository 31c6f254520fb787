import { defineConfig } from "vitest/config";
import {
  examples,
  halvesOfFaults,
  maxWorkers,
  partlyQuick,
  remainingOnNode,
  slow,
  thePackage,
  twoInstances,
  web,
} from "./test/runtimes/projects.js";

// For test/support/runs.ts: what the quick suite has run whole is left out.
process.env.LACRE_TESTS = "remaining";

const isShortened = process.env.LACRE_SHORTENED !== undefined;
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
      ...(isShortened ? [] : halvesOfFaults),
      web,
      ...(await twoInstances()),
    ],
  },
});
