import {
  type ChildProcess,
  type ChildProcessWithoutNullStreams,
  execFileSync,
  type StdioOptions,
  spawn,
} from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { vi } from "vitest";
import { readLines } from "../src/lines.js";

const PROGRAM = fileURLToPath(new URL("../bin/lacre-chat.js", import.meta.url));

// Bundles the program where its sources have changed: once, and not in each process that is timed.
execFileSync(process.execPath, [PROGRAM, "--version"]);

export type Told = Record<string, unknown>;

/** Starts the program with everything that it keeps in `folder`. */
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

/** Writes a password and a passphrase to files in `folder`. Returns functions that start programs with them at a server. */
export function programsAt(server: { readonly url: string }, folder: string) {
  const [password, passphrase] = [join(folder, "password"), join(folder, "passphrase")];
  writeFileSync(password, "correct horse");
  writeFileSync(passphrase, "battery staple");
  const start = (profile: string, ...args: string[]) =>
    startProgram(folder, [
      ...["--profile", profile, "--server", server.url],
      ...["--password-file", password, "--passphrase-file", passphrase, ...args],
    ]);
  const run = (profile: string, ...args: string[]) => outcomeOf(start(profile, ...args));
  return { start, run };
}

/** How it ends, and what it says until then. */
export async function outcomeOf(child: ChildProcessWithoutNullStreams, input = "") {
  child.stdin.end(input);
  const said = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await once(child, "close");
  const [stdout, stderr] = await said;
  return { code, stdout, stderr };
}

/** What it tells as JSON: waits until it has told so many events of a name, and gives all of that name. */
export function listenTo(child: ChildProcessWithoutNullStreams) {
  const told: Told[] = [];
  const listen = async () => {
    for await (const line of readLines(child.stdout)) told.push(JSON.parse(line));
  };
  void listen();
  return async (event: string, count: number): Promise<Told[]> => {
    const some = () => told.filter((one) => one.event === event);
    await vi.waitUntil(() => some().length >= count, { timeout: 30_000 });
    return some();
  };
}
