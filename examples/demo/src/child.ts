import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const PATIENCE_MS = 5000;

/** Starts one of the examples as a process of its own, with the loader that runs this one. */
export function startExample(
  script: "server" | "cli",
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): ChildProcess {
  const path = fileURLToPath(new URL(`../../${script}/src/main.ts`, import.meta.url));
  return spawn(process.execPath, [...process.execArgv, path, ...args], {
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
}

/** Asks it to end, and makes it. */
export async function stop(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, "close");
  child.kill("SIGTERM");
  const patience = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
  await ended;
  clearTimeout(patience);
}

export function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
