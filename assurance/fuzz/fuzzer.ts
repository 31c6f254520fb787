import { setImmediate } from "node:timers/promises";
import { LacreError } from "../../src/errors.js";
import { isFrugal, isQuick, isQuickAtBest } from "../support/bounded.js";
import { Random } from "../support/random.js";
import { grammarMade, type InputKind, mutated } from "./inputs.js";
import type { FuzzTarget } from "./target.js";

/** An input that broke what is promised. */
export interface Finding {
  readonly target: string;
  readonly input: Uint8Array;
  readonly problem: unknown;
}

/** What a run has come to. */
export interface FuzzReport {
  readonly executions: number;
  readonly seconds: number;
  readonly byKind: Readonly<Record<InputKind, number>>;
  readonly behaviours: number;
  readonly findings: readonly Finding[];
}

/** When to stop: whichever comes first. */
export interface FuzzBudget {
  readonly seconds?: number | undefined;
  readonly executions?: number | undefined;
}

const MAX_FINDINGS = 20;
/** Executions between two looks at the clock. */
const BATCH = 500;

/**
 * Feeds its targets random, mutated and grammar-made inputs. An input that has its target behave as none did before is
 * kept, and mutated further. The same seed and the same kept inputs make the same run.
 */
export class Fuzzer {
  readonly #random: Random;
  readonly #turns: readonly FuzzTarget[];
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
    this.#turns = targets.flatMap((target) => Array<FuzzTarget>(target.weight).fill(target));
    for (const { name, seeds } of targets) {
      this.#kept.set(name, [...seeds, ...(corpus?.(name) ?? [])]);
      this.#behaviours.set(name, new Set());
    }
  }

  /** The inputs of a target that are worth keeping. */
  kept(target: string): readonly Uint8Array[] {
    return this.#kept.get(target) ?? [];
  }

  async run(
    { seconds = Number.POSITIVE_INFINITY, executions = Number.POSITIVE_INFINITY }: FuzzBudget,
    onProgress?: (report: FuzzReport) => void,
  ): Promise<FuzzReport> {
    const start = performance.now();
    const elapsed = () => (performance.now() - start) / 1000;
    for (const target of new Set(this.#turns)) {
      for (const seed of this.kept(target.name)) await this.feed(target, seed);
    }
    while (elapsed() < seconds && this.#findings.length < MAX_FINDINGS) {
      for (let one = 0; one < BATCH && this.#executions < executions; one++) {
        const target = this.#random.pick(this.#turns);
        const fed = this.feed(target, this.#input(target));
        if (fed !== undefined) await fed;
      }
      onProgress?.(this.#report(elapsed()));
      // Node lets go of what a failed zlib call holds in a turn of the event loop: without one, they fill the memory.
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
    // Where a target reads one byte of choice first, it gets one.
    const made = grammarMade(random);
    return random.oneIn(2) ? made : Uint8Array.of(random.below(32), ...made);
  }

  /** One execution; a promise only where the target is asynchronous or something wants a closer look. */
  feed(target: FuzzTarget, input: Uint8Array): Promise<void> | undefined {
    this.#executions += 1;
    const start = performance.now();
    let outcome: string | Promise<string>;
    try {
      outcome = target.run(input);
    } catch (error) {
      return this.#judge(target, input, error, start);
    }
    if (typeof outcome === "string") return this.#judge(target, input, outcome, start);
    return outcome.then(
      (behaviour) => this.#judge(target, input, behaviour, start),
      (error) => this.#judge(target, input, error, start),
    );
  }

  #judge(
    target: FuzzTarget,
    input: Uint8Array,
    outcome: unknown,
    start: number,
  ): Promise<void> | undefined {
    const isSlow = !isQuick(performance.now() - start, input.length);
    const behaviour = behaviourOf(outcome);
    if (behaviour === undefined) this.#find(target, input, outcome);
    const seen = this.#behaviours.get(target.name)!;
    const isNew = behaviour !== undefined && !seen.has(behaviour);
    if (!isSlow && !isNew) return undefined;
    if (isNew) {
      seen.add(behaviour);
      this.#kept.get(target.name)!.push(input);
    }
    return this.#lookCloser(target, input);
  }

  /** What is new or slow is measured again, by itself. */
  async #lookCloser(target: FuzzTarget, input: Uint8Array): Promise<void> {
    const again = async () => {
      try {
        await target.run(input);
      } catch {
        // Judged already.
      }
    };
    if (!(await isQuickAtBest(again, input.length))) this.#find(target, input, "too slow");
    if (!(await isFrugal(again, input.length))) this.#find(target, input, "too much memory");
  }

  #find({ name }: FuzzTarget, input: Uint8Array, problem: unknown): void {
    this.#findings.push({ target: name, input, problem });
  }
}

/** What an execution comes to, without the numbers in it; undefined where an error is none of ours. */
function behaviourOf(outcome: unknown): string | undefined {
  if (typeof outcome === "string") return outcome;
  if (!(outcome instanceof LacreError)) return undefined;
  return `${outcome.code} ${outcome.message.slice(0, 80).replaceAll(/\d+/g, "#")}`;
}
