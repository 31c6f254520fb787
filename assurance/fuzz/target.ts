/** One entry of the library that takes bytes from outside. */
export interface FuzzTarget {
  readonly name: string;
  /** How often it has its turn, beside the others: quick ones more often. */
  readonly weight: number;
  /** Inputs to begin with. */
  readonly seeds: readonly Uint8Array[];
  /**
   * Feeds it `input`, and returns in a few words how it behaved. Whatever it throws that is no LacreError is a finding, as
   * is what takes more time or memory than its size allows.
   */
  run(input: Uint8Array): string | Promise<string>;
}

/** Something that does not hold, whatever the input. */
export function holds(condition: boolean, what: string): void {
  if (!condition) throw new Error(`does not hold: ${what}`);
}

/** The shape of a value in a few words: kinds, not contents, three levels deep. */
export function shapeOf(value: unknown, depth = 2): string {
  if (value === null || typeof value !== "object") return value === null ? "0" : (typeof value)[0]!;
  if (value instanceof Uint8Array) return value.length === 0 ? "y" : "Y";
  const values = Object.values(value);
  const inside = depth === 0 ? "…" : values.slice(0, 4).map((one) => shapeOf(one, depth - 1));
  return `${Array.isArray(value) ? "[" : "{"}${String(inside)}${values.length > 4 ? "+" : ""}`;
}
