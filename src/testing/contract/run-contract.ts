import { listArgument, numberArgument, objectArgument } from "../../arguments.js";
import type { ContractCase, ContractPart } from "./contract-case.js";
import { ContractError } from "./contract-error.js";
import { contract } from "./index.js";
import type { ContractTarget } from "./target.js";

/** The end of one case. */
export interface ContractResult {
  readonly name: string;
  readonly requirement: string;
  readonly part: ContractPart;
  readonly seconds: number;
  /** `not run` if the case could not test its requirement, because of a fault that another result or a step shows. */
  readonly outcome: "passed" | "failed" | "not run";
  /** The error of the case. Undefined if it passed. */
  readonly failure?: ContractError;
  /** The fault that the case depends on, if the outcome is `not run`. */
  readonly fault?: ContractFault;
}

/** A difference between the server and the contract: a failed case, or a step that cases depend on. */
export interface ContractFault {
  /** The requirement of docs/PROTOCOL.md. Undefined for functions of `target.users`. */
  readonly requirement: string | undefined;
  /** Name of the case or of the step. */
  readonly name: string;
  readonly failure: ContractError;
  /** Names of the cases that were not run because of the fault. */
  readonly notRun: readonly string[];
}

/** The results of the cases, and the faults that they show. */
export interface ContractReport {
  /** In the order of the cases. */
  readonly results: readonly ContractResult[];
  /** Each fault once: those first that most cases depend on. */
  readonly faults: readonly ContractFault[];
}

/** Options of `runContract`. */
export interface RunOptions {
  /** Default: all cases. */
  readonly cases?: Iterable<ContractCase>;
  /** Number of cases that run at the same time. Default: 4. */
  readonly concurrency?: number;
  /** Receives each case as it ends, with its error if it did not pass. */
  readonly onEnd?: (ended: ContractCase, failure?: ContractError) => void;
}

interface Ended {
  readonly of: ContractCase;
  readonly seconds: number;
  readonly failure?: ContractError;
}

/**
 * Runs cases of the server contract, and names each fault of the server once: a case that fails only because of another fault is
 * `not run`.
 *
 * ```ts
 * const { faults } = await runContract(target);
 * for (const { requirement, name, failure } of faults) console.log(requirement, name, failure.message);
 * ```
 *
 * @throws {ValidationError} if an option is invalid, or if the target lacks a function that a case needs.
 */
export async function runContract(
  target: ContractTarget,
  options: RunOptions = {},
): Promise<ContractReport> {
  objectArgument(target, "target");
  const { cases = contract, concurrency = 4, onEnd } = objectArgument(options, "options");
  const all = listArgument(cases, "options.cases");
  numberArgument(concurrency, "options.concurrency", 1);
  const ended: Ended[] = [];
  const waiting = [...all.entries()];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [at, one] = next;
      ended[at] = await endOf(one, target);
      onEnd?.(one, ended[at].failure);
    }
  };
  await Promise.all(Array.from({ length: Math.floor(concurrency) }, work));
  return reportOf(ended);
}

async function endOf(of: ContractCase, target: ContractTarget): Promise<Ended> {
  const start = performance.now();
  const seconds = () => Math.round(performance.now() - start) / 1000;
  try {
    await of.run(target);
    return { of, seconds: seconds() };
  } catch (failure) {
    if (failure instanceof ContractError) return { of, seconds: seconds(), failure };
    throw failure;
  }
}

interface MutableFault extends ContractFault {
  readonly notRun: string[];
}

function reportOf(ended: readonly Ended[]): ContractReport {
  const failed = new Map(
    ended.flatMap((one) => (one.failure === undefined ? [] : [[one.of.name, one] as const])),
  );
  const faults = new Map<string, MutableFault>();
  const faultOf = (key: string, fault: Omit<ContractFault, "notRun">): MutableFault => {
    const known = faults.get(key) ?? { ...fault, notRun: [] };
    faults.set(key, known);
    return known;
  };
  const caseFault = ({ of, failure }: Ended): MutableFault => {
    const { name, requirement } = of;
    return faultOf(`case ${name}`, { name, requirement, failure: failure! });
  };

  /** Returns the fault that a failed case shows: a case that it depends on, a step, or its own. */
  const rootOf = (one: Ended): MutableFault => {
    const { of, failure } = one;
    const prerequisite = of.dependsOn.map((name) => failed.get(name)).find(Boolean);
    if (prerequisite !== undefined) return rootOf(prerequisite);
    const { step } = failure!;
    if (step === undefined) return caseFault(one);
    const { requirement, name, testedBy = "" } = step;
    const tested = failed.get(testedBy);
    return tested === undefined || tested.failure!.step !== undefined
      ? faultOf(`step ${name}`, { requirement, name, failure: failure! })
      : rootOf(tested);
  };

  const results = ended.map((one): ContractResult => {
    const { name, requirement, part } = one.of;
    const { seconds, failure } = one;
    const result = { name, requirement, part, seconds };
    if (failure === undefined) return { ...result, outcome: "passed" };
    const fault = rootOf(one);
    if (fault.name === name) return { ...result, outcome: "failed", failure };
    fault.notRun.push(name);
    return { ...result, outcome: "not run", failure, fault };
  });
  const byDependents = (one: ContractFault, other: ContractFault) =>
    other.notRun.length - one.notRun.length;
  return { results, faults: [...faults.values()].sort(byDependents) };
}
