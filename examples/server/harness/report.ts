import type { Broken } from "./verify/promises.js";

const SHOWN = 5;

/** Prints the first few of each kind of problem. */
export function printProblems(broken: Broken): void {
  for (const kind of ["lost", "doubled", "others"] as const) {
    for (const problem of broken[kind].slice(0, SHOWN)) console.log(`  ${kind}: ${problem}`);
    const more = broken[kind].length - SHOWN;
    if (more > 0) console.log(`  ${kind}: and ${more} more`);
  }
}

export function isUnbroken({ lost, doubled, others }: Broken): boolean {
  return lost.length + doubled.length + others.length === 0;
}
