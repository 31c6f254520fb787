import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pad, paddedLength, unpad } from "../../src/e2e/padding.js";
import { runs } from "../support/runs.js";

/** The formula of the specification, with BigInt. */
function formula(n: number): number {
  const L = BigInt(Math.max(n, 128));
  const log2 = (value: bigint) => BigInt(value.toString(2).length - 1);
  const E = log2(L);
  const z = E - (log2(E) + 1n);
  const step = (1n << z) - 1n;
  return Number((L + step) & ~step);
}

describe("padding", () => {
  it("has the length of the specified formula", () => {
    for (let length = 0; length < 5000; length++)
      expect(paddedLength(length)).toBe(formula(length));
    fc.assert(
      fc.property(fc.nat(2 ** 21), (length) => {
        expect(paddedLength(length)).toBe(formula(length));
      }),
      { numRuns: runs(5000) },
    );
  });

  it("adds at most 12 % above the minimum, and is monotonic", () => {
    let previous = 0;
    for (let length = 128; length < 100_000; length += 7) {
      const padded = paddedLength(length);
      expect(padded).toBeGreaterThanOrEqual(Math.max(length, previous));
      expect(padded).toBeLessThanOrEqual(length * 1.12);
      expect(paddedLength(padded)).toBe(padded);
      previous = padded;
    }
  });

  it("round-trips", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 3000, size: "max" }),
        fc.boolean(),
        (body, isCompressed) => {
          const padded = pad({ isCompressed, body });
          expect(unpad(padded)).toEqual({ isCompressed, body });
        },
      ),
      { numRuns: runs(1000) },
    );
  });

  it("is rejected in any other form", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 120, maxLength: 200, size: "max" }), (plaintext) => {
        const unpadded = unpad(plaintext);
        if (unpadded) expect(pad(unpadded)).toEqual(plaintext);
      }),
      { numRuns: runs(2000) },
    );
  });
});
