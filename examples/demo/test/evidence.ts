import { Writable } from "node:stream";
import type { Evidence } from "../src/evidence.js";
import { OutputFormat } from "../src/output-format.js";
import { Progress } from "../src/progress.js";
import { searchEvidence } from "../src/secrecy.js";
import { parseTranscript } from "../src/transcript.js";
import { problemsOf } from "../src/verdict.js";

/** The demo cuts the network after the second line. It kills the server after the fifth, between two lines of ana. */
export const LINES = parseTranscript(
  Buffer.from(
    [
      "ana: the first line, which occurs nowhere else",
      "benito: the second line, with ñ and 🫒",
      "ana: the third line, while the network is away",
      "benito: the fourth line, with all of them connected",
      "ana: the fifth line, on its way when the server is killed",
      "ana: the sixth line, while the server is away",
      "benito: the seventh line, and the last one",
    ].join("\n"),
  ),
);

/** Returns the problems that the demo would report. */
export async function verdictOn(evidence: Evidence): Promise<string[]> {
  return problemsOf(evidence, await searchEvidence(evidence));
}

export function silentProgress(): Progress {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  return new Progress(nowhere, new OutputFormat(nowhere, {}));
}
