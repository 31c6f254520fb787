import type { ContractCase, ContractFailure, ContractTarget } from "lacre/testing";

/** How a case came out. */
export interface Result {
  readonly name: string;
  readonly requirement: string;
  readonly seconds: number;
  /** What was otherwise than the contract says; undefined where the server keeps it. */
  readonly failure?: Pick<ContractFailure, "expected" | "came">;
}

/** Runs cases, some of them at once, and says of each how it came out as it ends. The results are in the order of the cases. */
export async function run(
  cases: readonly ContractCase[],
  target: ContractTarget,
  { atOnce, ended }: { readonly atOnce: number; readonly ended: (result: Result) => void },
): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = [...cases.entries()];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [at, one] = next;
      const result = await resultOf(one, target);
      results[at] = result;
      ended(result);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return results;
}

async function resultOf(
  { name, requirement, run }: ContractCase,
  target: ContractTarget,
): Promise<Result> {
  const start = performance.now();
  let failure: Result["failure"];
  try {
    await run(target);
  } catch (error) {
    const { expected, came } = error as ContractFailure;
    failure = { expected, came };
  }
  const seconds = Math.round(performance.now() - start) / 1000;
  return { name, requirement, seconds, ...(failure && { failure }) };
}
