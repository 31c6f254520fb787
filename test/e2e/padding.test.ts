import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pad, paddedLength, unpad } from "../../src/e2e/padding.js";

/** The formula as the specification writes it, in integers of any size. */
function formula(n: number): number {
  const L = BigInt(Math.max(n, 128));
  const log2 = (value: bigint) => BigInt(value.toString(2).length - 1);
  const E = log2(L);
  const z = E - (log2(E) + 1n);
  const step = (1n << z) - 1n;
  return Number((L + step) & ~step);
}

describe("padding", () => {
  it("has the length of the formula", () => {
    for (let length = 0; length < 5000; length++)
      expect(paddedLength(length)).toBe(formula(length));
    fc.assert(
      fc.property(fc.nat(2 ** 21), (length) => {
        expect(paddedLength(length)).toBe(formula(length));
      }),
      { numRuns: 5000 },
    );
  });

  it("never shortens, adds at most 12 % past the floor, and keeps order", () => {
    let previous = 0;
    for (let length = 128; length < 100_000; length += 7) {
      const padded = paddedLength(length);
      expect(padded).toBeGreaterThanOrEqual(Math.max(length, previous));
      expect(padded).toBeLessThanOrEqual(length * 1.12);
      expect(paddedLength(padded)).toBe(padded);
      previous = padded;
    }
  });

  it("comes off as it went on", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 3000, size: "max" }),
        fc.boolean(),
        (body, isCompressed) => {
          const padded = pad({ isCompressed, body });
          expect(unpad(padded)).toEqual({ isCompressed, body });
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("comes off nothing else: each plaintext has one body", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 120, maxLength: 200, size: "max" }), (plaintext) => {
        const unpadded = unpad(plaintext);
        if (unpadded) expect(pad(unpadded)).toEqual(plaintext);
      }),
      { numRuns: 2000 },
    );
  });
});
