import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { vi } from "vitest";
import { readLines } from "../src/lines.js";

export type Told = Record<string, unknown>;

/** Starts the program with everything that it keeps in `folder`. */
export function startProgram(
  folder: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): ChildProcessWithoutNullStreams {
  const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
  const loader = import.meta.resolve("tsx");
  return spawn(process.execPath, ["--import", loader, main, ...args], {
    env: { ...process.env, XDG_CONFIG_HOME: folder, XDG_STATE_HOME: folder, ...env },
  });
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
