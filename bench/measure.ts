import { Bench } from "tinybench";

/** Something to measure: `run` calls it once, or as often as `calls` says, and may be asynchronous. */
export interface Task {
  readonly name: string;
  readonly run: () => unknown;
  readonly calls?: number;
}

/** Microseconds per call: the median of each round, in the order of the rounds. */
export type Times = readonly number[];

/** How long to measure. */
export interface Effort {
  readonly rounds: number;
  /** Milliseconds for one task in one round. */
  readonly time: number;
}

/** Clocks of browsers are coarse: one sample is as many calls as take so many milliseconds. */
const SAMPLE_MS = 0.5;
const CALIBRATIONS = 30;
/** Rounds that do not count: the engine is still compiling. */
const WARM_UP_ROUNDS = 3;

/** Measures tasks that take turns, so that whatever else the machine does meets all of them. */
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

/** The median of several numbers. */
export function median(values: Times): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

/** How many times as long as `base` something takes: the median of the rounds' own ratios. */
export function ratio(times: Times, base: Times): number {
  return median(times.map((time, round) => time / base[round]!));
}

async function batched({ name, run, calls: callsOfOne = 1 }: Task) {
  const count = await callsPerSample(run);
  return { name, calls: count * callsOfOne, run: repeated(run, count) };
}

/** How many calls take SAMPLE_MS, once the engine has compiled them. */
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
