import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chooseClient } from "./choose-client.js";
import { collectEvidence } from "./collect-evidence.js";
import { DemoError } from "./demo-error.js";
import { DemoFixture } from "./fixture.js";
import { wrapped } from "./layout.js";
import { OutputFormat } from "./output-format.js";
import { Progress } from "./progress.js";
import { report } from "./report.js";
import { searchEvidence } from "./secrecy.js";
import { type Line, parseTranscript, TranscriptError } from "./transcript.js";
import { problemsOf } from "./verdict.js";

const USAGE = "usage: npm run demo -- [--transcript FILE]";
const SEARCH_SECONDS = 600;

process.exitCode = await run();

async function run(): Promise<number> {
  try {
    return await runDemo(readTranscript());
  } catch (error) {
    if (error instanceof DemoError) return failed(error.message, 1);
    if (error instanceof TranscriptError) return failed(error.message, 2);
    throw error;
  }
}

function readTranscript() {
  const shipped = fileURLToPath(new URL("../transcript.txt", import.meta.url));
  let path = shipped;
  try {
    path = parseArgs({ options: { transcript: { type: "string" } } }).values.transcript ?? shipped;
  } catch (error) {
    throw new TranscriptError(`${(error as Error).message}\n${USAGE}`);
  }
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new TranscriptError(
      `the transcript cannot be read (${(error as Error).message}): give --transcript a readable file`,
    );
  }
  return parseTranscript(bytes);
}

/** Runs the demo, prints the report, and returns the exit code. */
async function runDemo(lines: readonly Line[]): Promise<number> {
  const client = await chooseClient(lines);
  const format = new OutputFormat(process.stdout, process.env);
  const benito =
    client.browser === undefined
      ? `so does benito (${client.reason})`
      : `benito uses the web client in ${client.browser.browserType().name()} ${client.browser.version()}`;
  const introduction = `ana and benito exchange ${lines.length} lines through a server, which stores them. ana uses the terminal client, and ${benito}.`;
  console.log(`${wrapped(introduction, format.width).join("\n")}\n`);
  const interrupted = new Promise<never>((_, reject) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => reject(new DemoError(`stopped by ${signal}`)));
    }
  });
  const fixture = new DemoFixture(client.browser);
  const progress = new Progress(process.stdout, format);
  try {
    const evidence = await Promise.race([collectEvidence(lines, fixture, progress), interrupted]);
    const secrecy = await progress.step("searching", SEARCH_SECONDS, () =>
      searchEvidence(evidence, (done, total) => progress.percent(done, total)),
    );
    const problems = problemsOf(evidence, secrecy);
    console.log(report({ evidence, secrecy, problems }, format));
    return problems.length === 0 ? 0 : 1;
  } finally {
    await fixture.close();
  }
}

function failed(message: string, exitCode: number): number {
  console.error(`demo: ${message}`);
  return exitCode;
}
