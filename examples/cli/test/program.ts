import {
  type ChildProcess,
  type ChildProcessWithoutNullStreams,
  execFileSync,
  type StdioOptions,
  spawn,
} from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { vi } from "vitest";
import { readLines } from "../src/lines.js";

const PROGRAM = fileURLToPath(new URL("../bin/lacre-chat.js", import.meta.url));

// Bundles the program now if its sources have changed, so that no test waits for that.
execFileSync(process.execPath, [PROGRAM, "--version"]);

export type JsonRecord = Record<string, unknown>;

/** Starts the program, with all its files in `folder`. */
export function startProgram(
  folder: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): ChildProcessWithoutNullStreams {
  const child = startProgramWith("pipe", folder, args, env);
  return child as ChildProcessWithoutNullStreams;
}

/** Starts the program as `startProgram` does, with its standard streams as `spawn` takes them. */
export function startProgramWith(
  stdio: StdioOptions,
  folder: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): ChildProcess {
  return spawn(process.execPath, [PROGRAM, ...args], {
    env: { ...process.env, XDG_CONFIG_HOME: folder, XDG_STATE_HOME: folder, ...env },
    stdio,
  });
}

/** Writes `input` to the program and closes its standard input. Returns its output and its exit code. */
export async function outcomeOf(
  child: ChildProcessWithoutNullStreams,
  input: string | Uint8Array = "",
) {
  child.stdin.end(input);
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await once(child, "close");
  const [stdout, stderr] = await output;
  return { code, stdout, stderr };
}

/**
 * Reads the JSON events that the program prints. Returns a function that waits until it has printed at least `count` events of a
 * name, and returns all events of that name.
 */
export function readEvents(child: ChildProcessWithoutNullStreams) {
  const events: JsonRecord[] = [];
  const read = async () => {
    for await (const line of readLines(child.stdout)) events.push(JSON.parse(line));
  };
  void read();
  return async (name: string, count: number): Promise<JsonRecord[]> => {
    const named = () => events.filter(({ event }) => event === name);
    // A client waits up to 30 s between two attempts to connect.
    await vi.waitUntil(() => named().length >= count, { timeout: 60_000 });
    return named();
  };
}

/** Parses the output of a command with `--json`. */
export function recordsOf(stdout: string): JsonRecord[] {
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

export function textsOf(records: readonly JsonRecord[]): unknown[] {
  return records.map((record) => record.text);
}
