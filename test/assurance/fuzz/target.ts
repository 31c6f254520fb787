/** A function of the library that reads untrusted bytes. */
export interface FuzzTarget {
  readonly name: string;
  /** Relative number of executions. Fast targets have more. */
  readonly weight: number;
  /** Initial inputs. */
  readonly seeds: readonly Uint8Array[];
  /** Size in bytes of what the target reads, if it builds that from the input. By default the size of the input. */
  sizeOf?(input: Uint8Array): number;
  /** Milliseconds permitted for any input, if the target does more than what the default of 25 is for. */
  readonly milliseconds?: number;
  /**
   * Runs the function on `input`, and returns a short description of its behaviour. An error other than a LacreError is a
   * finding. So is an input that takes more time or memory than its size permits.
   */
  run(input: Uint8Array): string | Promise<string>;
}

/** Throws if a property that must hold for each input does not hold. */
export function holds(condition: boolean, what: string): void {
  if (!condition) throw new Error(`does not hold: ${what}`);
}

/** Describes the types in a value, three levels deep. */
export function shapeOf(value: unknown, depth = 2): string {
  if (value === null || typeof value !== "object") return value === null ? "0" : (typeof value)[0]!;
  if (value instanceof Uint8Array) return value.length === 0 ? "y" : "Y";
  const values = Object.values(value);
  const inside = depth === 0 ? "…" : values.slice(0, 4).map((one) => shapeOf(one, depth - 1));
  return `${Array.isArray(value) ? "[" : "{"}${String(inside)}${values.length > 4 ? "+" : ""}`;
}
