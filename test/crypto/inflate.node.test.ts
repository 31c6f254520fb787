import { constants, deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inflate } from "../../src/crypto/inflate.js";
import { inflate as byZlib } from "../../src/crypto/native.node.js";
import { hex, toHex } from "../support/hex.js";
import { runs } from "../support/runs.js";

const LONGEST = 1_048_576;

const agree = (bytes: Uint8Array) => {
  const [ours, theirs] = [inflate(bytes, LONGEST), byZlib(bytes, LONGEST)];
  expect(ours && toHex(ours), toHex(bytes)).toBe(theirs && toHex(theirs));
};

const text = fc.oneof(
  fc.uint8Array({ maxLength: 1500, size: "max" }),
  fc
    .array(fc.integer({ min: 97, max: 104 }), { maxLength: 1500, size: "max" })
    .map((codes) => Uint8Array.from(codes)),
);
const stream = fc
  .record({
    text,
    level: fc.integer({ min: 0, max: 9 }),
    strategy: fc.constantFrom(
      constants.Z_DEFAULT_STRATEGY,
      constants.Z_HUFFMAN_ONLY,
      constants.Z_RLE,
      constants.Z_FIXED,
      constants.Z_FILTERED,
    ),
  })
  .map(({ text, ...options }) => new Uint8Array(deflateRawSync(text, options)));

describe("inflate in JavaScript compared with zlib", () => {
  it("inflates streams of every zlib level and strategy", () => {
    fc.assert(fc.property(stream, agree), { numRuns: runs(2000) });
  });

  it("accepts and rejects the same changed, truncated and extended streams as zlib", () => {
    const change = fc.record({ at: fc.nat(), bit: fc.nat(7), early: fc.boolean() });
    fc.assert(
      fc.property(stream, fc.array(change, { minLength: 1, maxLength: 3 }), (bytes, changes) => {
        const changed = bytes.slice();
        for (const { at, bit, early } of changes) {
          if (changed.length > 0)
            changed[at % (early ? Math.min(12, changed.length) : changed.length)]! ^= 1 << bit;
        }
        agree(changed);
      }),
      { numRuns: runs(10_000) },
    );
    fc.assert(
      fc.property(stream, fc.nat(), (bytes, at) =>
        agree(bytes.subarray(0, at % (bytes.length + 1))),
      ),
      { numRuns: runs(2000) },
    );
    fc.assert(
      fc.property(stream, fc.uint8Array({ minLength: 1, maxLength: 4 }), (bytes, more) =>
        agree(Uint8Array.of(...bytes, ...more)),
      ),
      { numRuns: runs(1000) },
    );
  });

  it("accepts and rejects the same arbitrary bytes as zlib", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60, size: "max" }), agree), {
      numRuns: runs(20_000),
    });
  });

  it.each([
    ["a stored block whose length has the wrong complement", "010000fffe"],
    ["a fourth kind of block", "07"],
    ["no bytes", ""],
    ["an empty stored block that is not the last", "000000ffff"],
    ["an empty stored block, and a last one", "000000ffff010000ffff"],
    ["an empty fixed block", "0300"],
  ])("agrees with zlib on %s", (_, bytes) => agree(hex(bytes)));
});
