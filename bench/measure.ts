import { Bench } from "tinybench";

/** Work to measure. `run` makes `calls` calls, 1 by default, and may be asynchronous. */
export interface Task {
  readonly name: string;
  readonly run: () => unknown;
  readonly calls?: number;
}

/** Median microseconds per call of each round, in order. */
export type Times = readonly number[];

/** Number of rounds and their duration. */
export interface Effort {
  readonly rounds: number;
  /** Milliseconds for one task in one round. */
  readonly time: number;
}

/** Minimum milliseconds of a sample. Calls repeat to reach it, because the clocks of browsers are coarse. */
const SAMPLE_MS = 0.5;
const CALIBRATIONS = 30;
/** Number of first rounds that are ignored, because the engine still compiles. */
const WARM_UP_ROUNDS = 3;

/** Measures tasks alternately, so that other load on the machine affects all of them. */
export async function measure(
  tasks: readonly Task[],
  { rounds, time }: Effort,
): Promise<Map<string, Times>> {
  const times = new Map<string, number[]>(tasks.map(({ name }) => [name, []]));
  const batches = [];
  for (const task of tasks) batches.push(await batched(task));
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    const bench = new Bench({ time, iterations: 3, warmupTime: time / 4, warmupIterations: 1 });
    for (const { name, run } of batches) bench.add(name, run);
    await bench.run();
    for (const [at, { name, result }] of bench.tasks.entries()) {
      if (result.state !== "completed") throw new Error(`${name}: ${failureOf(result)}`);
      if (round >= 0) times.get(name)!.push((result.latency.p50 * 1000) / batches[at]!.calls);
    }
  }
  return times;
}

/** Returns the median of several numbers. */
export function median(values: Times): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

/** Returns the time relative to `base`: the median of the ratios of all rounds. */
export function ratio(times: Times, base: Times): number {
  return median(times.map((time, round) => time / base[round]!));
}

async function batched({ name, run, calls: callsOfOne = 1 }: Task) {
  const count = await callsPerSample(run);
  return { name, calls: count * callsOfOne, run: repeated(run, count) };
}

/** Returns the number of calls that take at least SAMPLE_MS after the engine has compiled them. */
async function callsPerSample(run: () => unknown): Promise<number> {
  let count = 1;
  for (;;) {
    const sample = repeated(run, count);
    let shortest = Number.POSITIVE_INFINITY;
    for (let attempt = 0; attempt < CALIBRATIONS; attempt++) {
      const start = performance.now();
      await sample();
      shortest = Math.min(shortest, performance.now() - start);
      if (shortest < SAMPLE_MS) break;
    }
    if (shortest >= SAMPLE_MS) return count;
    count *= 2;
  }
}

function repeated(run: () => unknown, count: number): () => void | Promise<void> {
  const first = run();
  if (first instanceof Promise) {
    return async () => {
      await first;
      for (let call = 0; call < count; call++) await run();
    };
  }
  return () => {
    for (let call = 0; call < count; call++) run();
  };
}

function failureOf(result: object): string {
  return "error" in result ? String(result.error) : JSON.stringify(result);
}
