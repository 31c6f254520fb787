import { type Comparison, compareAll } from "./compare.js";
import type { Entrant } from "./contenders/contender.js";
import type { HostileResult } from "./hostile.js";
import type { Effort } from "./measure.js";
import { measurePbkdf2, type Pbkdf2Result } from "./pbkdf2.js";

/** What one run on one runtime found. */
export interface Report {
  /** Name and version of the runtime. */
  readonly runtime: string;
  readonly comparisons: readonly Comparison[];
  readonly pbkdf2: Pbkdf2Result;
  /** Only where the runtime tells how much memory is used. */
  readonly hostile?: readonly HostileResult[];
}

/** Measures all that can be measured on every runtime. */
export async function reportOn(
  runtime: string,
  makers: readonly (() => Entrant | Promise<Entrant>)[],
  effort: Effort,
): Promise<Report> {
  const comparisons = await compareAll(makers, effort);
  return { runtime, comparisons, pbkdf2: await measurePbkdf2() };
}
