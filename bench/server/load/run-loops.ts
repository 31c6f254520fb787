import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { LoopPlan, LoopResult } from "./closed-loop.js";

/** Unit in which Linux counts the time of a process. */
const TICKS_PER_SECOND = 100;

export interface Measurement {
  readonly acknowledgedPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processors that the server uses: 1 is one whole processor. */
  readonly serverCpu: number;
  readonly loadCpu: number;
}

/** Runs loops concurrently, each in a process, against the server with the given process id. */
export async function runLoops(
  plans: readonly LoopPlan[],
  serverPid: number,
): Promise<Measurement> {
  const children = await Promise.all(plans.map(startLoop));
  try {
    const [{ seconds, warmUpSeconds }] = plans as [LoopPlan];
    const results = children.map(async (child) => (await once(child, "message"))[0] as LoopResult);
    for (const child of children) child.send("run");
    const before = cpuSecondsOf(serverPid);
    const all = await Promise.all(results);
    const serverSeconds = cpuSecondsOf(serverPid) - before;
    const latencies = Float64Array.from(all.flatMap((one) => [...one.latencies])).sort();
    const sum = (count: (one: LoopResult) => number) => all.map(count).reduce((a, b) => a + b, 0);
    return {
      acknowledgedPerSecond: sum(({ acknowledged }) => acknowledged) / seconds,
      p50Ms: latencies[Math.floor(latencies.length * 0.5)] ?? Number.NaN,
      p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN,
      serverCpu: serverSeconds / (seconds + warmUpSeconds),
      loadCpu: sum(({ cpuSeconds }) => cpuSeconds) / seconds,
    };
  } finally {
    for (const child of children) child.kill("SIGKILL");
  }
}

async function startLoop(plan: LoopPlan): Promise<ChildProcess> {
  const program = fileURLToPath(new URL("./process.ts", import.meta.url));
  const child = forkProgram(program);
  child.send(plan);
  await once(child, "message");
  return child;
}

/** Starts a program of the bench, with a channel for structured clones. */
export function forkProgram(
  program: string,
  args: readonly string[] = [],
  nodeOptions: readonly string[] = [],
): ChildProcess {
  const execArgv = [...nodeOptions, "--import", import.meta.resolve("tsx")];
  const child = fork(program, args, { execArgv, serialization: "advanced" });
  child.on("exit", (code) => {
    if (code) throw new Error(`${program} ended with ${code}`);
  });
  return child;
}

function cpuSecondsOf(pid: number): number {
  // The name may contain spaces: split only what follows its closing parenthesis.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
