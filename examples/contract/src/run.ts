import type { ContractCase, ContractError, ContractTarget } from "lacre/testing";

/** Result of one case. */
export interface Result {
  readonly name: string;
  readonly requirement: string;
  readonly seconds: number;
  /** The difference from the contract. Undefined if the case passed. */
  readonly failure?: Pick<ContractError, "expected" | "received">;
}

/** Runs cases concurrently, and calls `onResult` as each ends. Returns the results in the order of the cases. */
export async function run(
  cases: readonly ContractCase[],
  target: ContractTarget,
  {
    concurrency,
    onResult,
  }: { readonly concurrency: number; readonly onResult: (result: Result) => void },
): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = [...cases.entries()];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [at, nextCase] = next;
      const result = await resultOf(nextCase, target);
      results[at] = result;
      onResult(result);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
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
    const { expected, received } = error as ContractError;
    failure = { expected, received };
  }
  const seconds = Math.round(performance.now() - start) / 1000;
  return { name, requirement, seconds, ...(failure && { failure }) };
}
