import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const fromRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

// The tests run in a copy of the project, two folders below it.
const vectors = ["../shared/vectors", "../../../shared/vectors"].map(fromRoot).find(existsSync);

/** What is run against each mutant: the library's own tests on Node's path, without those that start other programs. */
export default defineConfig({
  root: fromRoot("."),
  resolve: {
    alias: {
      "#native": fromRoot("src/crypto/native.node.ts"),
      "#compile": fromRoot("src/messages/compile.eval.ts"),
    },
  },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: [
      "test/{interop,house,docs,types,testing,package,assurance}/**",
      // These take long and see little that the others do not.
      "test/session/{scale,simulation}.test.ts",
    ],
    setupFiles: [fromRoot("assurance/mutation/setup.ts")],
    env: { LACRE_VECTORS: process.env.LACRE_VECTORS ?? vectors ?? "" },
    testTimeout: 30_000,
  },
});
