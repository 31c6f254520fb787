// Runs the library's tests in each runtime: npm run test:runtimes, test:browsers. Prints a table, and writes it to build/.
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { root } from "../support/installed.js";
import { runtimes, type Start } from "./runtimes.js";

interface Row {
  readonly name: string;
  /** The runtime that the tests detected. */
  readonly ran: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly seconds: number;
}

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[] | null;
    }[];
  }[];
}

const build = join(root, "build");
// Properties have fewer runs here than in npm run test:all, which uses Node 20. LACRE_TESTS=complete runs them completely.
const env = {
  LACRE_TESTS: "quick",
  LACRE_PROPERTY_RUNS: "50",
  LACRE_SIMULATIONS: "50",
  LACRE_MLS_PLANS: "3",
  LACRE_VECTORS: join(root, "../shared/vectors"),
  ...process.env,
};

async function run(name: string, { command, cwd }: Start): Promise<Row> {
  const [program, ...options] = command;
  const reportAt = join(build, `${name.replace(" ", "-")}.json`);
  rmSync(reportAt, { force: true });
  const begun = performance.now();
  const reporting = ["--reporter=json", `--outputFile=${reportAt}`];
  const { stderr, status } = await ended(program!, [...options, ...reporting], cwd);
  const seconds = Math.round((performance.now() - begun) / 1000);
  const report = readReport(reportAt);
  if (report === undefined) {
    console.error(stderr);
    return { name, ran: "did not", passed: 0, failed: 1, skipped: 0, seconds };
  }
  const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  for (const { fullName, failureMessages } of tests.filter(({ status }) => status === "failed")) {
    console.error(`${name}: ${fullName}\n${failureMessages?.[0]?.slice(0, 500)}`);
  }
  // If a file ends its process, vitest reports it as passed and without tests.
  const unread = report.testResults.filter(({ assertionResults }) => assertionResults.length === 0);
  for (const file of unread) console.error(`${name}: no tests in ${file.name}\n${file.message}`);
  const failures = report.numFailedTests + unread.length;
  if (status !== 0 && failures === 0) console.error(stderr);
  return {
    name,
    ran: tests.map(({ fullName }) => /^runs in (.+)$/.exec(fullName)?.[1]).find(Boolean) ?? "?",
    passed: report.numPassedTests,
    failed: status === 0 ? failures : Math.max(failures, 1),
    skipped: report.numPendingTests,
    seconds,
  };
}

function ended(program: string, args: readonly string[], cwd: string) {
  return new Promise<{ stderr: string; status: number | null }>((resolve) => {
    const child = execFile(program, args, { cwd, env, maxBuffer: 2 ** 28 }, (_, __, stderr) =>
      resolve({ stderr, status: child.exitCode }),
    );
  });
}

function readReport(path: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ name, ran, passed, failed, skipped, seconds }) =>
      `| ${name} | ${ran} | ${passed} | ${failed} | ${skipped} | ${seconds} s |`,
  );
  const head = [
    "| runtime | ran in | passed | failed | skipped | time |",
    "| --- | --- | --- | --- | --- | --- |",
  ];
  return `${[...head, ...lines].join("\n")}\n`;
}

const names = process.argv.slice(2);
const unknown = names.filter((name) => runtimes[name] === undefined);
if (names.length === 0 || unknown.length > 0) {
  console.error(`pass one or more names of runtimes: ${Object.keys(runtimes).join(", ")}`);
  process.exit(2);
}
mkdirSync(build, { recursive: true });
const rows: Row[] = [];
const queue = names.entries();
// One for each core. A runtime that mostly waits, such as workerd, leaves its core to the others.
async function lane(): Promise<void> {
  for (const [at, name] of queue) {
    console.error(`the library's tests in ${name} …`);
    rows[at] = await run(name, runtimes[name]!());
  }
}
await Promise.all(Array.from({ length: availableParallelism() }, lane));
console.log(`${table(rows)}
Not run here, because they need Node or test the repository: test/{assurance,interop,architecture,docs,package} and *.node.test.ts.`);
writeFileSync(join(build, names.includes("chromium") ? "browsers.md" : "runtimes.md"), table(rows));
process.exitCode = rows.some(({ passed, failed }) => failed > 0 || passed === 0) ? 1 : 0;
