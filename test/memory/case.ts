import { counting } from "../support/hex.js";

/** Copies bytes into memory of the kind under test. */
export type Bytes = (bytes: Uint8Array) => Uint8Array;

/** A call of a public function, and how its result is observed afterwards. */
export interface Case {
  /** Names of the tested functions: an export, `Class.static` or `Class#method`. */
  readonly names: readonly string[];
  /** Whether the function reports invalid arguments in its result and does not throw. */
  readonly isReported?: true;
  /** Creates the arguments of one call. */
  args(bytes: Bytes): unknown[];
  call(...args: never[]): unknown;
  /**
   * Returns what a caller observes later. The test calls it twice and changes the first result in between. Absent if the
   * library does not keep the result of the function.
   */
  later?(result: never): unknown;
}

export const NOW = 1_700_000_000;
export const SECRET = counting(32).map((byte) => byte + 1);
export const unchanged: Bytes = (bytes) => bytes;
