import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { libraryOn, onNodeOnly, takesLong, vectors } from "./test/runtimes/library.js";

const inBrowsers = ["examples/web/test/**/*.test.ts"];
const onExamples = {
  include: ["examples/*/test/**/*.test.ts"],
  exclude: inBrowsers,
  testTimeout: 60_000,
  hookTimeout: 60_000,
};

/** The server's API on two instances that share PostgreSQL and Redis; where these are missing, that is said. */
async function onTwoInstances() {
  const {
    LACRE_POSTGRES_URL = "postgresql://127.0.0.1:5432",
    LACRE_REDIS_URL = "redis://127.0.0.1:6379",
    LACRE_REQUIRE_ALL,
  } = process.env;
  const found = await Promise.all([LACRE_POSTGRES_URL, LACRE_REDIS_URL].map(isThere));
  if (!found.every(Boolean) && !LACRE_REQUIRE_ALL) {
    console.warn(
      `skipped: the server's API on two instances needs ${LACRE_POSTGRES_URL} and ${LACRE_REDIS_URL}`,
    );
    return [];
  }
  const include = ["http", "identity", "live"].map(
    (part) => `examples/server/test/${part}/**/*.test.ts`,
  );
  // These start no server, or one that is told where.
  const exclude = ["**/{config,deployment,log,program,slow-clients}.test.ts"];
  const env = { LACRE_TEST_ON: "postgresql and redis" };
  return [{ test: { ...onExamples, name: "two instances", include, exclude, env } }];
}

async function isThere(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), timeout: 2000 });
  const isOpen = await new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true));
    for (const event of ["error", "timeout"]) socket.once(event, () => resolve(false));
  });
  socket.destroy();
  return isOpen;
}

export default defineConfig({
  test: {
    projects: [
      { test: { name: "house", include: ["test/house/**/*.test.ts"] } },
      {
        test: {
          name: "package",
          include: ["test/package/**/*.test.ts"],
          globalSetup: "test/package/pack.ts",
          // Compilers and bundlers are installed where they are needed.
          testTimeout: 300_000,
        },
      },
      libraryOn("node", { name: "node", exclude: ["test/{house,package}/**"] }),
      libraryOn("none", { name: "javascript" }),
      // Both are made of parts of the other two: what takes long is run on those.
      libraryOn("deno", { name: "deno", exclude: [...onNodeOnly, ...takesLong] }),
      libraryOn("none", {
        name: "no WebCrypto",
        exclude: [...onNodeOnly, ...takesLong],
        setupFiles: "test/support/without-web-crypto.ts",
      }),
      {
        // From its source, so that what the server's tests run of the contract suite counts as covered.
        resolve: {
          alias: {
            "lacre/testing": fileURLToPath(new URL("src/testing/index.ts", import.meta.url)),
          },
        },
        test: { ...onExamples, name: "examples" },
      },
      {
        resolve: { alias: { "#vectors": vectors } },
        test: {
          ...onExamples,
          name: "web",
          include: inBrowsers,
          exclude: [],
          globalSetup: "examples/web/tools/build-page.ts",
          // After the others: a browser wants the machine for itself.
          sequence: { groupOrder: 1 },
        },
      },
      ...(await onTwoInstances()),
    ],
    coverage: {
      provider: "v8",
      // From the root: a bare src/ would be found in the examples too.
      include: [fileURLToPath(new URL("src/**/*.ts", import.meta.url))],
      reporter: ["text", "json-summary"],
      thresholds: { lines: 95 },
    },
  },
});
