import { setImmediate } from "node:timers/promises";
import { LacreError } from "../../../src/errors.js";
import { Random } from "../../support/random.js";
import { isFrugal, isQuick, isQuickAtBest } from "../support/bounded.js";
import { grammarMade, type InputKind, mutated } from "./inputs.js";
import type { FuzzTarget } from "./target.js";

/** An input for which a target does not behave as promised. */
export interface Finding {
  readonly target: string;
  readonly input: Uint8Array;
  readonly problem: unknown;
}

/** Result of a run. */
export interface FuzzReport {
  readonly executions: number;
  readonly seconds: number;
  readonly byKind: Readonly<Record<InputKind, number>>;
  readonly behaviours: number;
  readonly findings: readonly Finding[];
}

/** When a run stops: at the limit that is reached first. */
export interface FuzzBudget {
  readonly seconds?: number | undefined;
  readonly executions?: number | undefined;
}

const MAX_FINDINGS = 20;
/** Executions after which the fuzzer reads the clock. */
const BATCH = 500;

/**
 * Runs targets on random, mutated and generated inputs. Keeps each input that causes a new behaviour of its target, and
 * mutates it further. A run with the same seed and the same corpus is the same run.
 */
export class Fuzzer {
  readonly #random: Random;
  readonly #weighted: readonly FuzzTarget[];
  readonly #kept = new Map<string, Uint8Array[]>();
  readonly #behaviours = new Map<string, Set<string>>();
  readonly #byKind: Record<InputKind, number> = { random: 0, mutated: 0, grammar: 0 };
  readonly #findings: Finding[] = [];
  #executions = 0;

  constructor(
    targets: readonly FuzzTarget[],
    { seed, corpus }: { seed: number; corpus?: (target: string) => readonly Uint8Array[] },
  ) {
    this.#random = new Random(seed);
    this.#weighted = targets.flatMap((target) => Array<FuzzTarget>(target.weight).fill(target));
    for (const { name, seeds } of targets) {
      this.#kept.set(name, [...seeds, ...(corpus?.(name) ?? [])]);
      this.#behaviours.set(name, new Set());
    }
  }

  /** Returns the seeds of a target, its corpus and the inputs that caused a new behaviour. */
  kept(target: string): readonly Uint8Array[] {
    return this.#kept.get(target) ?? [];
  }

  async run(
    { seconds = Number.POSITIVE_INFINITY, executions = Number.POSITIVE_INFINITY }: FuzzBudget,
    onProgress?: (report: FuzzReport) => void,
  ): Promise<FuzzReport> {
    const start = performance.now();
    const elapsed = () => (performance.now() - start) / 1000;
    for (const target of new Set(this.#weighted)) {
      for (const seed of this.kept(target.name)) await this.feed(target, seed);
    }
    while (elapsed() < seconds && this.#findings.length < MAX_FINDINGS) {
      for (let one = 0; one < BATCH && this.#executions < executions; one++) {
        const target = this.#random.pick(this.#weighted);
        const fed = this.feed(target, this.#input(target));
        if (fed !== undefined) await fed;
      }
      onProgress?.(this.#report(elapsed()));
      // Node frees the memory of failed zlib calls when the event loop continues. Without this line, memory runs out.
      await setImmediate();
      if (this.#executions >= executions) break;
    }
    return this.#report(elapsed());
  }

  #report(seconds: number): FuzzReport {
    const behaviours = [...this.#behaviours.values()].reduce((sum, { size }) => sum + size, 0);
    return {
      executions: this.#executions,
      seconds,
      byKind: this.#byKind,
      behaviours,
      findings: this.#findings,
    };
  }

  #input({ name }: FuzzTarget): Uint8Array {
    const random = this.#random;
    const kept = this.kept(name);
    const choice = random.below(10);
    const kind = choice === 0 ? "random" : choice <= 3 || kept.length === 0 ? "grammar" : "mutated";
    this.#byKind[kind] += 1;
    if (kind === "random") return random.bytes(random.below(random.oneIn(10) ? 1000 : 100));
    if (kind === "mutated") return mutated(random, random.pick(kept), random.pick(kept));
    // Some targets read a first byte that selects a variant: prepend one to half of the inputs.
    const made = grammarMade(random);
    return random.oneIn(2) ? made : Uint8Array.of(random.below(32), ...made);
  }

  /** Runs a target once. Returns a promise only if the target is asynchronous or the input is measured again. */
  feed(target: FuzzTarget, input: Uint8Array): Promise<void> | undefined {
    this.#executions += 1;
    const start = performance.now();
    let outcome: string | Promise<string>;
    try {
      outcome = target.run(input);
    } catch (error) {
      return this.#record(target, input, error, start);
    }
    if (typeof outcome === "string") return this.#record(target, input, outcome, start);
    return outcome.then(
      (behaviour) => this.#record(target, input, behaviour, start),
      (error) => this.#record(target, input, error, start),
    );
  }

  #record(
    target: FuzzTarget,
    input: Uint8Array,
    outcome: unknown,
    start: number,
  ): Promise<void> | undefined {
    const elapsed = performance.now() - start;
    const isSlow = !isQuick(elapsed, sizeOf(target, input), target.milliseconds);
    const behaviour = behaviourOf(outcome);
    if (behaviour === undefined) this.#find(target, input, outcome);
    const seen = this.#behaviours.get(target.name)!;
    const isNew = behaviour !== undefined && !seen.has(behaviour);
    if (!isSlow && !isNew) return undefined;
    if (isNew) {
      seen.add(behaviour);
      this.#kept.get(target.name)!.push(input);
    }
    return this.#measureAgain(target, input);
  }

  /** Measures an input with new or slow behaviour again. */
  async #measureAgain(target: FuzzTarget, input: Uint8Array): Promise<void> {
    const again = async () => {
      try {
        await target.run(input);
      } catch {
        // `#record` has already handled this error.
      }
    };
    const size = sizeOf(target, input);
    if (!(await isQuickAtBest(again, size, target.milliseconds)))
      this.#find(target, input, "too slow");
    if (!(await isFrugal(again, size))) this.#find(target, input, "too much memory");
  }

  #find({ name }: FuzzTarget, input: Uint8Array, problem: unknown): void {
    this.#findings.push({ target: name, input, problem });
  }
}

function sizeOf(target: FuzzTarget, input: Uint8Array): number {
  return target.sizeOf?.(input) ?? input.length;
}

/** Describes the outcome of an execution, without numbers. Returns undefined for an error that is not a LacreError. */
function behaviourOf(outcome: unknown): string | undefined {
  if (typeof outcome === "string") return outcome;
  if (!(outcome instanceof LacreError)) return undefined;
  return `${outcome.code} ${outcome.message.slice(0, 80).replaceAll(/\d+/g, "#")}`;
}
