import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const fromRoot = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const library = ["test/**/*.test.ts"];
const onNodeOnly = ["test/interop/**", "test/house/**", "test/docs/**"];

/** The library's tests with one of the files behind each `#` import: without an alias a stale build would be tested. */
const onPath = (name: string, native: string, compile: string, exclude: string[]) => ({
  resolve: {
    alias: {
      "#native": fromRoot(`src/crypto/${native}`),
      "#compile": fromRoot(`src/messages/${compile}`),
    },
  },
  test: { name, include: library, exclude, testTimeout: 30_000 },
});

export default defineConfig({
  test: {
    projects: [
      { test: { name: "house", include: ["test/house/**/*.test.ts"] } },
      onPath("node", "native.node.ts", "compile.eval.ts", ["test/house/**"]),
      onPath("javascript", "native.none.ts", "compile.none.ts", onNodeOnly),
      onPath("deno", "native.deno.ts", "compile.eval.ts", onNodeOnly),
      {
        test: {
          name: "examples",
          include: ["examples/*/test/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      reporter: ["text", "json-summary"],
      thresholds: { lines: 95 },
    },
  },
});
