import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { DemoError } from "./demo-error.js";
import { wrapped } from "./layout.js";
import { perform } from "./perform.js";
import { Progress } from "./progress.js";
import { report } from "./report.js";
import { findSeat } from "./seats.js";
import { investigate } from "./secrecy.js";
import { Stage } from "./stage.js";
import { Terminal } from "./terminal.js";
import { parseTranscript, TranscriptError } from "./transcript.js";
import { problemsOf } from "./verdict.js";

const USAGE = "usage: npm run demo -- [--transcript FILE]";
const SEARCH_SECONDS = 600;

process.exitCode = await run();

async function run(): Promise<number> {
  try {
    return await play(readTranscript());
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
    throw new TranscriptError(`the transcript cannot be read (${(error as Error).message})`);
  }
  return parseTranscript(bytes);
}

async function play(lines: ReturnType<typeof parseTranscript>): Promise<number> {
  const seat = await findSeat(lines);
  const terminal = new Terminal(process.stdout, process.env);
  const benito =
    seat.browser === undefined
      ? `so does benito (${seat.reason})`
      : `benito before a page in ${seat.browser.browserType().name()} ${seat.browser.version()}`;
  const introduction = `ana and benito exchange ${lines.length} lines, and a server in between stores them. ana sits at a terminal, and ${benito}.`;
  console.log(`${wrapped(introduction, terminal.width).join("\n")}\n`);
  const interrupted = new Promise<never>((_, reject) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => reject(new DemoError(`stopped by ${signal}`)));
    }
  });
  const stage = new Stage(seat.browser);
  const progress = new Progress(process.stdout, terminal);
  try {
    const evidence = await Promise.race([perform(lines, stage, progress), interrupted]);
    const secrecy = await progress.step("searching", SEARCH_SECONDS, () =>
      investigate(evidence, (done, total) => progress.percent(done, total)),
    );
    const problems = problemsOf(evidence, secrecy);
    console.log(report({ evidence, secrecy, problems }, terminal));
    return problems.length === 0 ? 0 : 1;
  } finally {
    await stage.close();
  }
}

function failed(message: string, exitCode: number): number {
  console.error(`demo: ${message}`);
  return exitCode;
}
