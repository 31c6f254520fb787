import { type Comparison, compareAll } from "./compare.js";
import type { Entrant } from "./contenders/contender.js";
import type { HostileResult } from "./hostile.js";
import type { Effort } from "./measure.js";
import { measurePbkdf2, type Pbkdf2Result } from "./pbkdf2.js";

/** Results of one run on one runtime. */
export interface Report {
  /** Name and version of the runtime. */
  readonly runtime: string;
  readonly comparisons: readonly Comparison[];
  readonly pbkdf2: Pbkdf2Result;
  /** Missing if the runtime does not report its memory usage. */
  readonly hostile?: readonly HostileResult[];
}

/** Measures the contenders and PBKDF2, which every runtime supports. */
export async function reportOn(
  runtime: string,
  makers: readonly (() => Entrant | Promise<Entrant>)[],
  effort: Effort,
): Promise<Report> {
  const comparisons = await compareAll(makers, effort);
  return { runtime, comparisons, pbkdf2: await measurePbkdf2() };
}
