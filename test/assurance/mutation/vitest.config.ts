import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

// Stryker runs the tests in a copy of the project, two folders below it.
const root = fileURLToPath(new URL("../../../", import.meta.url));
const vectors = ["../shared/vectors", "../../../shared/vectors"].map((path) => join(root, path));
process.env.LACRE_VECTORS ??= vectors.find(existsSync) ?? "";
const { libraryOn, onNodeOnly } = await import("../../runtimes/library.js");

/** Runs properties last: other tests are faster and detect most mutants. */
class ExamplesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]) {
    const isSearch = ({ moduleId }: TestSpecification) => moduleId.includes("/test/property/");
    return files.toSorted((one, other) => Number(isSearch(one)) - Number(isSearch(other)));
  }
}

const { LACRE_MUTATION_TESTS = "test/**/*.test.ts" } = process.env;
const library = libraryOn("node", {
  name: "mutation",
  include: LACRE_MUTATION_TESTS.split(","),
  exclude: [
    ...onNodeOnly.filter((pattern) => !pattern.includes(".node.")),
    "test/{types,testing}/**",
    // These are slow and detect few mutants that the others do not.
    "test/session/{scale,simulation}.test.ts",
  ],
  setupFiles: join(root, "test/assurance/mutation/setup.ts"),
});

/**
 * The tests that run for each mutant: the library's tests on Node's platform files that start no other program, or those
 * of them that `LACRE_MUTATION_TESTS` names. With Stryker's `--testFiles`, mutants of code that runs at import are
 * activated too late.
 */
export default defineConfig({
  ...library,
  test: { ...library.test, sequence: { sequencer: ExamplesFirst } },
});
