import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

// The tests run in a copy of the project, two folders below it.
const root = fileURLToPath(new URL("../../", import.meta.url));
const vectors = ["../shared/vectors", "../../../shared/vectors"].map((path) => join(root, path));
process.env.LACRE_VECTORS ??= vectors.find(existsSync) ?? "";
const { libraryOn, onNodeOnly } = await import("../../test/runtimes/library.js");

/** Properties last: what kills a mutant is mostly an example, which takes less long. */
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
    // These take long and see little that the others do not.
    "test/session/{scale,simulation}.test.ts",
  ],
  setupFiles: join(root, "assurance/mutation/setup.ts"),
});

/**
 * What is run against each mutant: the library's own tests on Node's path, without those that start other programs; all
 * of them, or those that `LACRE_MUTATION_TESTS` names. Stryker's own `--testFiles` would change what a module makes as it
 * is loaded too late.
 */
export default defineConfig({
  ...library,
  test: { ...library.test, sequence: { sequencer: ExamplesFirst } },
});
