import { defineConfig } from "vitest/config";
import {
  architecture,
  coverage,
  examples,
  isolatedExamples,
  library,
  maxWorkers,
  onNode,
  slow,
  thePackage,
} from "./test/runtimes/projects.js";

// For test/support/runs.ts: a tenth of each property's runs.
process.env.LACRE_TESTS = "quick";

/** What differs between the platforms: the files behind `#native` and `#compile`, and what computes with them. */
const ofPlatforms = {
  include: [
    "test/{crypto,e2e,vectors}/**/*.test.ts",
    "test/{bytes,messages/compile,wire/wire1,wire/wire2}.test.ts",
  ],
};

/** The quick suite, npm test: no browser, no compiler that is to be installed, no server that is killed again and again. */
export default defineConfig({
  test: {
    maxWorkers,
    projects: [
      architecture,
      thePackage({ exclude: slow.package }),
      ...onNode(),
      library("none", { name: "javascript", ...ofPlatforms }),
      library("deno", { name: "deno", ...ofPlatforms }),
      library("none", {
        name: "no WebCrypto",
        // Devices sign with WebCrypto; the rest of src/mls is the same everywhere.
        include: [...ofPlatforms.include, "test/mls/device*.test.ts"],
        setupFiles: "test/support/without-web-crypto.ts",
      }),
      examples({ exclude: slow.examples }),
      isolatedExamples({ exclude: slow.isolated }),
    ],
    coverage,
  },
});
