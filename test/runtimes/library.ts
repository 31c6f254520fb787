import { fileURLToPath } from "node:url";
import type { TestProjectInlineConfiguration } from "vitest/config";

const fromRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
/** The folder of the public vectors, which tests import from `#vectors`. */
export const vectors = process.env.LACRE_VECTORS ?? fromRoot("../shared/vectors");

/** Variables that test/support/runs.ts reads. Browsers have no environment. */
const variables = [
  "LACRE_TESTS",
  "LACRE_SHORTENED",
  "LACRE_PROPERTY_RUNS",
  "LACRE_SIMULATIONS",
  "LACRE_MLS_PLANS",
  "LACRE_MLS_SEED",
];
const asCode = (name: string) => JSON.stringify(process.env[name]) ?? "undefined";

/** The files that `#native` and `#compile` resolve to. */
const platforms = {
  node: ["native.node.ts", "compile.eval.ts"],
  deno: ["native.deno.ts", "compile.eval.ts"],
  none: ["native.none.ts", "compile.none.ts"],
} as const;

/** Tests that need Node: of the repository, its documents, tools and package, and tests with a peer in Python or zlib. */
export const onNodeOnly = [
  "test/{assurance,interop,architecture,docs,package}/**",
  "test/**/*.node.test.ts",
];

/** Tests that take long and run the same code on each platform. Deno runs them in `npm run test:runtimes`. */
export const takesLong = [
  "test/{memory,property}/**",
  "test/session/malicious-server/**",
  "test/session/{scale,simulation}.test.ts",
  "test/mls/simulation/**",
  "test/client/failing-storage.test.ts",
  "test/testing/{generators,vectors}.test.ts",
];

/**
 * Returns a project for vitest with the library's tests on one platform's files. Without these aliases the tests would use the
 * last build instead of the sources.
 */
export function libraryOn(
  platform: keyof typeof platforms,
  test: TestProjectInlineConfiguration["test"] & { name: string },
): TestProjectInlineConfiguration {
  const [native, compile] = platforms[platform];
  return {
    root: fromRoot("."),
    resolve: {
      alias: {
        "#native": fromRoot(`src/crypto/${native}`),
        "#compile": fromRoot(`src/messages/${compile}`),
        "#vectors": vectors,
        // The copy that runs in workerd is not installed as a package.
        "lacre/vectors": fromRoot("vectors"),
      },
    },
    define: Object.fromEntries(variables.map((name) => [`import.meta.env.${name}`, asCode(name)])),
    server: { fs: { allow: [fromRoot("."), vectors] } },
    test: {
      include: ["test/**/*.test.ts"],
      exclude: onNodeOnly,
      testTimeout: 120_000,
      ...test,
    },
  };
}
