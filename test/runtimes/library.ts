import { fileURLToPath } from "node:url";
import type { TestProjectInlineConfiguration } from "vitest/config";

const fromRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
/** The folder of the public vectors, which tests import from `#vectors`. */
export const vectors = process.env.LACRE_VECTORS ?? fromRoot("../shared/vectors");

/** Variables that test/support/runs.ts reads. Browsers have no environment. */
const variables = ["LACRE_TESTS", "LACRE_PROPERTY_RUNS", "LACRE_SIMULATIONS"];
const asCode = (name: string) => JSON.stringify(process.env[name]) ?? "undefined";

/** What stands behind `#native` and `#compile`. */
const platforms = {
  node: ["native.node.ts", "compile.eval.ts"],
  deno: ["native.deno.ts", "compile.eval.ts"],
  none: ["native.none.ts", "compile.none.ts"],
} as const;

/** Tests that are Node's by nature: of the repository, its documents, its tools and its package; with a peer in Python or zlib. */
export const onNodeOnly = [
  "test/{assurance,interop,architecture,docs,package}/**",
  "test/**/*.node.test.ts",
];

/** Tests that search for a long time, on the same code as others. Deno itself runs them in `npm run test:runtimes`. */
export const takesLong = [
  "test/{memory,property}/**",
  "test/session/malicious-server/**",
  "test/session/{scale,simulation}.test.ts",
  "test/testing/{generators,vectors}.test.ts",
];

/**
 * The library's tests on one platform's files, as a project for vitest. Without these aliases they would test a stale
 * build in silence.
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
