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
      examples({ include: [...slow.examples, ...partlyQuick("examples")] }),
      ...(process.env.LACRE_SHORTENED === undefined ? halvesOfFaults : []),
      web,
      ...(await twoInstances()),
    ],
  },
});
