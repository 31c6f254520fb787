import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import type { TestProjectInlineConfiguration } from "vitest/config";
import type { CoverageOptions } from "vitest/node";
import { libraryOn, onNodeOnly, takesLong, vectors } from "./library.js";

type Options = TestProjectInlineConfiguration["test"];

/** More than the cores, because the examples' tests wait for timers and processes a third of the time. */
export const maxWorkers = Math.ceil(availableParallelism() * 1.5);

const inBrowsers = "examples/web/test/**/*.test.ts";
/** Files that replace modules with `vi.mock`, or measure memory, which modules and garbage of other files would change. */
const isolated = [
  "examples/server/test/contract/faults.test.ts",
  "examples/server/test/identity/unicode.test.ts",
  "examples/server/test/websocket/closed-connections.test.ts",
];
const onExamples = {
  include: ["examples/*/test/**/*.test.ts"],
  // A client waits up to 30 s between two attempts to connect, and a busy machine needs longer.
  testTimeout: 120_000,
  hookTimeout: 120_000,
  // The default of 1 second is too short for a busy machine.
  expect: { poll: { timeout: 45_000 } },
};

/** Files that the quick suite leaves out: they build packages, install compilers, start and kill dozens of processes, or need long. */
export const slow = {
  package: [
    ...["api", "bundles", "consumers", "contract-command", "react-native", "server-platforms"],
    "tarball",
  ].map((name) => `test/package/${name}.test.ts`),
  examples: [
    "examples/client/test/failing-store.test.ts",
    "examples/client/test/started-over.test.ts",
    "examples/contract/test/auth.test.ts",
    "examples/contract/test/command.test.ts",
    "examples/contract/test/failures.test.ts",
    "examples/server/test/contract/own-users.test.ts",
    "examples/server/test/harness/commits-crash.test.ts",
    "examples/server/test/harness/crash.test.ts",
    "examples/server/test/harness/outages.test.ts",
    "examples/server/test/harness/simulation.test.ts",
    "examples/server/test/coordination/coordination.test.ts",
    "examples/server/test/coordination/redis-away.test.ts",
    "examples/server/test/http/base-path.test.ts",
    "examples/server/test/http/deployment.test.ts",
    "examples/server/test/http/disk-full.test.ts",
    "examples/server/test/identity/login-limits.test.ts",
    "examples/server/test/identity/signing-keys.test.ts",
    "examples/server/test/storage/migration-of-members.test.ts",
    "examples/server/test/websocket/limits.test.ts",
    "examples/server/test/websocket/open-connections.test.ts",
    "examples/server/test/http/mls-crash.test.ts",
    "examples/server/test/http/program.test.ts",
    "examples/server/test/storage/commands.test.ts",
    ...[
      ...[
        "account",
        "auto-delete",
        "contact",
        "export",
        "failing-output",
        "failing-store",
        "groups",
      ],
      ...["offline", "package", "restart", "screen", "send", "shared-profile", "unicode"],
    ].map((name) => `examples/cli/test/${name}.test.ts`),
  ],
  isolated: ["examples/server/test/contract/faults.test.ts"],
};

/** The test files in a folder of which the quick suite runs a part, or with fewer runs. */
export function partlyQuick(folder: "test" | "examples"): string[] {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return paths
    .filter((path) => path.endsWith(".test.ts") && !path.includes("node_modules"))
    .map((path) => `${folder}/${path.replaceAll("\\", "/")}`)
    .filter((path) => /support\/runs|\bisSlow\b/.test(readFileSync(path, "utf8")));
}

export const architecture: TestProjectInlineConfiguration = {
  test: { name: "architecture", include: ["test/architecture/**/*.test.ts"] },
};

/** Lets the files share their modules, so that each worker loads them once. This takes a third of the time. */
const shared = { isolate: false };

export function library(
  platform: Parameters<typeof libraryOn>[0],
  test: Parameters<typeof libraryOn>[1],
): TestProjectInlineConfiguration {
  return libraryOn(platform, { ...test, ...shared });
}

/** Tests that do not test the library, or that do not share their modules. */
const notShared = ["test/{assurance,architecture,package}/**"];

/** All tests of the library, on the platform files of Node. */
export const onNode = () => [
  library("node", { name: "node", exclude: notShared }),
  // They measure memory, which the modules and the garbage of other files would change.
  libraryOn("node", {
    name: "assurance",
    include: ["test/assurance/**/*.test.ts"],
    exclude: [],
  }),
];

/** The tests of the library of which the quick suite runs only a part. */
export const remainingOnNode = () =>
  library("node", { name: "node", include: partlyQuick("test"), exclude: notShared });

/** All tests of the library, on the platform files of other runtimes. */
export const onOtherPlatforms = () => [
  library("none", { name: "javascript" }),
  // Both consist of parts of the other two projects, which run the long tests.
  library("deno", { name: "deno", exclude: [...onNodeOnly, ...takesLong] }),
  library("none", {
    name: "no WebCrypto",
    exclude: [...onNodeOnly, ...takesLong],
    setupFiles: "test/support/without-web-crypto.ts",
  }),
];

/** Which files of a project run. By default all of them. */
interface Files {
  readonly include?: string[];
  readonly exclude?: string[];
}

export function thePackage({ include, exclude = [] }: Files = {}): TestProjectInlineConfiguration {
  return {
    test: {
      name: "package",
      include: include ?? ["test/package/**/*.test.ts"],
      exclude,
      globalSetup: "test/package/pack.ts",
      // Some tests install compilers and bundlers.
      testTimeout: 300_000,
    },
  };
}

export function examples({ include, exclude = [] }: Files = {}): TestProjectInlineConfiguration {
  return {
    test: {
      ...onExamples,
      ...shared,
      name: "examples",
      include: include ?? onExamples.include,
      exclude: [inBrowsers, ...isolated, ...exclude],
    },
  };
}

export function isolatedExamples(files: Files = {}): TestProjectInlineConfiguration {
  const { include = isolated, exclude = [] } = files;
  return { test: { ...onExamples, name: "isolated examples", include, exclude } };
}

/** Runs the contract suite for a part of the faults, such as 0 of 2. */
export function partOfFaults(part: number, parts: number): TestProjectInlineConfiguration {
  const { test } = isolatedExamples({ include: slow.isolated });
  const env = { LACRE_PART_OF_FAULTS: `${part}/${parts}` };
  return { test: { ...test, name: `isolated examples, part ${part} of ${parts}`, env } };
}

export const web: TestProjectInlineConfiguration = {
  resolve: { alias: { "#vectors": vectors } },
  test: {
    ...onExamples,
    name: "web",
    include: [inBrowsers],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    globalSetup: "examples/web/tools/build-page.ts",
    // Runs after the others, because a browser needs the whole machine.
    sequence: { groupOrder: 1 },
  },
};

/** The server's API on two instances that share PostgreSQL and Redis. If one is missing, the project is skipped with a warning. */
export async function twoInstances(): Promise<TestProjectInlineConfiguration[]> {
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
  const include = ["http", "identity", "websocket"].map(
    (part) => `examples/server/test/${part}/**/*.test.ts`,
  );
  // These start no server, start one with a given database, or test state that instances do not share.
  const exclude = [
    ...isolated,
    "**/{base-path,client-address,compression,config,deployment,disk-full,log,program,slow-clients}.test.ts",
    "**/{fair-queue,headers,instances,jws-vectors,openapi,user-scheduler,usernames,web-page}.test.ts",
  ];
  const env = { LACRE_TEST_ON: "postgresql and redis" };
  const test: Options = { ...onExamples, ...shared, name: "two instances", include, exclude, env };
  return [{ test }];
}

/** For `npm run coverage`, which runs the library's tests alone. */
export const coverage: CoverageOptions = {
  provider: "v8",
  // An absolute path, because a relative src/ also matches the examples.
  include: [fileURLToPath(new URL("../../src/**/*.ts", import.meta.url))],
  // The examples' tests run the contract's cases, also against faulty servers.
  exclude: ["src/testing/contract/**"],
  reporter: ["text", "json-summary"],
  thresholds: { lines: 99 },
};

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
