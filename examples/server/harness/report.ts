import type { Violations } from "./verify/guarantees.js";

const MAX_PRINTED = 5;

/** Prints the first few of each kind of problem. */
export function printProblems(violations: Violations): void {
  for (const kind of ["lost", "duplicated", "others"] as const) {
    for (const problem of violations[kind].slice(0, MAX_PRINTED))
      console.log(`  ${kind}: ${problem}`);
    const more = violations[kind].length - MAX_PRINTED;
    if (more > 0) console.log(`  ${kind}: and ${more} more`);
  }
}

export function hasNoViolations({ lost, duplicated, others }: Violations): boolean {
  return lost.length + duplicated.length + others.length === 0;
}
