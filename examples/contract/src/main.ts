import { writeFileSync } from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import { contract } from "lacre/testing";
import { WebSocket } from "ws";
import { asJson, asJUnit, asText } from "./reports.js";
import { type Result, run } from "./run.js";
import { select } from "./select.js";

interface Options {
  readonly only: readonly string[];
  readonly json: boolean;
  readonly junit?: string;
  readonly list: boolean;
  readonly timeout: number;
  readonly atOnce: number;
}

const FAILED = 1;
const MISUSED = 2;

const program = new Command("lacre-contract")
  .description("Asks a server whether it keeps the contract of docs/PROTOCOL.md.")
  .argument("[url]", "where the server is, such as http://127.0.0.1:8000", readUrl)
  .option(
    "--only <what>",
    "a requirement (S-11), a section (S), or text of the cases' names; may be given again",
    (one: string, others: readonly string[]) => [...others, one],
    [],
  )
  .option("--json", "print the report as JSON", false)
  .option("--junit <file>", "write the report as JUnit XML too")
  .option("--list", "print the cases and run none", false)
  .option("--timeout <seconds>", "how long to wait for an answer", readPositive, 10)
  .option("--at-once <cases>", "how many cases to run at once", readPositive, 4)
  .addHelpText(
    "after",
    `
Each case registers users of its own, and leaves them: give it a server for tests, which lets it register hundreds a
minute (our own: RATE_LIMIT_AUTH=100000 RATE_LIMIT_USER=100000).

The exit code is 0 where the server keeps all of it, 1 where it does not, 2 where nothing could be asked.`,
  )
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : MISUSED));

// A reader such as `head` may close its end. The cases still run, and the exit code says how they end.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

program.parse();
const options = program.opts<Options>();
const [url] = program.processedArgs as [URL | undefined];
const cases = select(contract, options.only);

if (cases.length === 0) misused(`no case is of ${options.only.join(", ")}: see --list`);
if (options.list) {
  for (const { requirement, name } of cases) console.log(`${requirement.padEnd(5)} ${name}`);
} else if (url === undefined) {
  misused("say where the server is: lacre-contract http://127.0.0.1:8000");
} else {
  process.exitCode = await ask(url);
}

async function ask(url: URL): Promise<number> {
  const at = (path: string) => new URL(`.${path}`, url);
  const start = performance.now();
  const target = {
    timeout: options.timeout,
    fetch: (path: string, init?: RequestInit) => fetch(at(path), init),
    connect: (path: string) => new WebSocket(at(path)),
  };
  await isThere(url).catch((error) => misused(`nothing answers at ${url}: ${reasonOf(error)}`));
  const results = await run(cases, target, {
    atOnce: options.atOnce,
    ended: progress(cases.length),
  });
  const over = { url: String(url), results, seconds: (performance.now() - start) / 1000 };
  if (options.junit !== undefined) writeFileSync(options.junit, asJUnit(over));
  process.stdout.write(options.json ? asJson(over) : asText(over));
  return results.some(({ failure }) => failure !== undefined) ? FAILED : 0;
}

async function isThere(url: URL): Promise<void> {
  await fetch(url, { signal: AbortSignal.timeout(options.timeout * 1000) });
}

/** Progress is for who watches: the report alone goes to stdout. */
function progress(total: number): (result: Result) => void {
  let ended = 0;
  return ({ requirement, name, failure }) => {
    ended += 1;
    const count = `${String(ended).padStart(String(total).length)}/${total}`;
    const mark = failure === undefined ? "kept  " : "FAILED";
    process.stderr.write(`${count} ${mark} ${requirement.padEnd(5)} ${name}\n`);
  };
}

function readUrl(text: string): URL {
  if (!/^https?:\/\/./.test(text) || !URL.canParse(text)) {
    throw new InvalidArgumentError("Write it as http://127.0.0.1:8000 or https://chat.example.");
  }
  // What comes after its last slash would be lost.
  return new URL(text.endsWith("/") ? text : `${text}/`);
}

function readPositive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value)))
    throw new InvalidArgumentError("Give a number above 0.");
  return value;
}

function reasonOf(error: Error): string {
  return (error.cause as Error | undefined)?.message || error.message;
}

function misused(message: string): never {
  console.error(`lacre-contract: ${message}`);
  process.exit(MISUSED);
}
