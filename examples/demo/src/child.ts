import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** How long a process may take to exit after SIGTERM, in milliseconds. */
const STOP_TIMEOUT_MS = 30_000;

export const SERVER = fileURLToPath(new URL("../../server/src/main.ts", import.meta.url));
export const CLI = fileURLToPath(new URL("../../cli/src/main.ts", import.meta.url));

/** Starts one of the examples in its own process. Its streams are pipes by default. */
export function startExample(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  stdio: SpawnOptions["stdio"] = "pipe",
): ChildProcess {
  return spawn(process.execPath, ["--import", import.meta.resolve("tsx"), program, ...args], {
    env: { ...process.env, ...env },
    stdio,
  });
}

/** Stops a process with SIGTERM, and with SIGKILL if it does not exit in time. Resolves when it has exited. */
export async function stop(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, "close");
  child.kill("SIGTERM");
  const timeout = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timeout);
}

export function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
