import { readFileSync, writeFileSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import {
  type ContractPart,
  type ContractTarget,
  contract,
  type RunOptions,
  runContract,
} from "lacre/testing";
import { WebSocket } from "ws";
import { usersOf } from "./auth.js";
import { asJson, asJUnit, asText } from "./reports.js";
import { readRequirements } from "./requirements.js";
import { select } from "./select.js";

interface Options {
  readonly only: readonly string[];
  readonly part?: ContractPart;
  readonly auth?: string;
  readonly authCommand?: string;
  readonly json: boolean;
  readonly junit?: string;
  readonly list: boolean;
  readonly timeout: number;
  readonly atOnce: number;
}

/** Exit codes, besides 0. */
const FAILED = 1;
const NOT_RUN = 2;

const program = new Command("lacre-contract")
  .description("Tests whether a server does what docs/PROTOCOL.md requires.")
  .argument("[url]", "URL of the server, such as http://127.0.0.1:8000", readUrl)
  .option(
    "--only <what>",
    "run the cases of a requirement (S-11), of a section (S), or with a text in their name; repeatable",
    (word: string, others: readonly string[]) => [...others, word],
    [],
  )
  .addOption(
    new Option(
      "--part <part>",
      "run the cases of one part; with --auth the default is websocket",
    ).choices(["websocket", "http", "devices"]),
  )
  .addOption(
    new Option(
      "--auth <module>",
      "create users and chats with the server's own functions",
    ).conflicts("authCommand"),
  )
  .option("--auth-command <command>", "create users and chats with a program in any language")
  .option("--json", "print the report as JSON", false)
  .option("--junit <file>", "also write the report as JUnit XML")
  .option("--list", "print the cases without running them", false)
  .option("--timeout <seconds>", "maximum time for an answer", readPositive, 10)
  .option("--at-once <cases>", "number of cases that run concurrently", readPositive, 4)
  .addHelpText(
    "after",
    `
Each case registers users and does not remove them. Use a test server that allows hundreds of registrations a minute
(the reference server: RATE_LIMIT_AUTH=100000 RATE_LIMIT_USER=100000).

The exit code is 0 if all cases pass, 1 if one fails, 2 if none could run.`,
  )
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : NOT_RUN));

// A reader such as `head` may close the pipe. The cases still run, as the exit code depends on them.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

program.parse();
const options = program.opts<Options>();
const [url] = program.processedArgs as [URL | undefined];
const hasOwnUsers = options.auth !== undefined || options.authCommand !== undefined;
const part = options.part ?? (hasOwnUsers ? "websocket" : undefined);
const cases = select(contract, { words: options.only, part });

if (cases.length === 0)
  exitNotRun(
    `no case${part ? ` of part ${part}` : ""} matches ${options.only.join(", ")}: list the cases with --list`,
  );
if (options.list) {
  for (const { requirement, name, part } of cases) {
    console.log(`${requirement.padEnd(5)} ${part.padEnd(9)} ${name}`);
  }
} else if (url === undefined) {
  exitNotRun("the URL of the server is missing: lacre-contract http://127.0.0.1:8000");
} else {
  process.exitCode = await testServer(url);
}

/** Runs the cases against a server, and writes the reports. Returns the exit code. */
async function testServer(url: URL): Promise<number> {
  const at = (path: string) => new URL(`.${path}`, url);
  const start = performance.now();
  await assertReachable(url).catch((error) =>
    exitNotRun(`cannot reach ${url}: ${reasonOf(error)}`),
  );
  const users = await usersOf(url, options).catch((error) => exitNotRun(reasonOf(error)));
  const target: ContractTarget = {
    timeout: options.timeout,
    fetch: (path: string, init?: RequestInit) => fetch(at(path), init),
    connect: (path: string) => new WebSocket(at(path)),
    ...(users && { users }),
  };
  const report = await runContract(target, {
    cases,
    concurrency: options.atOnce,
    onEnd: progress(cases.length),
  });
  const seconds = (performance.now() - start) / 1000;
  const finished = { ...report, url: String(url), seconds, requirements: readProtocol() };
  if (options.junit !== undefined) writeFileSync(options.junit, asJUnit(finished));
  process.stdout.write(options.json ? asJson(finished) : asText(finished));
  return report.faults.length > 0 ? FAILED : 0;
}

/** Reads the requirements from the copy of the protocol that the build puts next to this program. */
function readProtocol(): ReturnType<typeof readRequirements> {
  return readRequirements(readFileSync(new URL("PROTOCOL.md", import.meta.url), "utf8"));
}

async function assertReachable(url: URL): Promise<void> {
  await fetch(url, { signal: AbortSignal.timeout(options.timeout * 1000) });
}

/** Returns a function that prints each result. It prints to stderr, as stdout has only the report. */
function progress(total: number): NonNullable<RunOptions["onEnd"]> {
  let ended = 0;
  return ({ requirement, name }, failure) => {
    ended += 1;
    const count = `${String(ended).padStart(String(total).length)}/${total}`;
    const outcome = failure === undefined ? "passed" : failure.step ? "not run" : "FAILED";
    process.stderr.write(`${count} ${outcome.padEnd(7)} ${requirement.padEnd(5)} ${name}\n`);
  };
}

function readUrl(text: string): URL {
  if (!/^https?:\/\/./.test(text) || !URL.canParse(text)) {
    throw new InvalidArgumentError("Use an http or https URL, such as http://127.0.0.1:8000.");
  }
  // Without the slash, resolving a path against the URL would drop its last segment.
  return new URL(text.endsWith("/") ? text : `${text}/`);
}

function readPositive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value)))
    throw new InvalidArgumentError("Use a number greater than 0.");
  return value;
}

function reasonOf(error: Error): string {
  return (error.cause as Error | undefined)?.message || error.message;
}

function exitNotRun(message: string): never {
  console.error(`lacre-contract: ${message}`);
  process.exit(NOT_RUN);
}
