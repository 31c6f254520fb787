import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

// The tests run in a copy of the project, two folders below it.
const root = fileURLToPath(new URL("../../", import.meta.url));
process.env.LACRE_VECTORS ??= ["../shared/vectors", "../../../shared/vectors"]
  .map((path) => join(root, path))
  .find(existsSync);
const { libraryOn, onNodeOnly } = await import("../../test/runtimes/library.js");

/** Properties last: what kills a mutant is mostly an example, which takes less long. */
class ExamplesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]) {
    const isSearch = ({ moduleId }: TestSpecification) => moduleId.includes("/test/property/");
    return files.toSorted((one, other) => Number(isSearch(one)) - Number(isSearch(other)));
  }
}

const library = libraryOn("node", {
  name: "mutation",
  exclude: [
    ...onNodeOnly.filter((pattern) => !pattern.includes(".node.")),
    "test/{types,testing}/**",
    // These take long and see little that the others do not.
    "test/session/{scale,simulation}.test.ts",
  ],
  setupFiles: join(root, "assurance/mutation/setup.ts"),
});

/** What is run against each mutant: the library's own tests on Node's path, without those that start other programs. */
export default defineConfig({
  ...library,
  test: { ...library.test, sequence: { sequencer: ExamplesFirst } },
});
