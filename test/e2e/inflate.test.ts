import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deflateInStream as deflate } from "../../src/crypto/deflate.js";
import { inflate } from "../../src/e2e/inflate.js";
import { hex } from "../support/hex.js";

const LONGEST = 1_048_576;

describe("inflating", () => {
  it.runIf("CompressionStream" in globalThis)("undoes what the platform deflates", async () => {
    const text = fc.oneof(
      fc.uint8Array({ maxLength: 3000, size: "max" }),
      fc
        .array(fc.integer({ min: 97, max: 104 }), { maxLength: 3000, size: "max" })
        .map((codes) => Uint8Array.from(codes)),
    );
    await fc.assert(
      fc.asyncProperty(text, async (bytes) => {
        expect(inflate((await deflate(bytes))!, LONGEST)).toEqual(bytes);
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ["an empty fixed block", "0300", ""],
    ["an empty stored block, and a last one", "000000ffff010000ffff", ""],
    ["a stored block", "010400fbff686f6c61", "hola"],
    ["a fixed block", "cbc8cf490400", "hola"],
  ])("takes %s", (_, bytes, text) => {
    expect(inflate(hex(bytes), LONGEST)).toEqual(new TextEncoder().encode(text));
  });

  it.each([
    ["nothing", ""],
    ["an empty stored block that is not the last", "000000ffff"],
    ["a stored block whose length has the wrong complement", "010000fffe"],
    ["a fourth kind of block", "07"],
    ["a fixed block that is cut short", "cbc8cf49"],
    ["a fixed block that something follows", "cbc8cf49040000"],
  ])("refuses %s", (_, bytes) => expect(inflate(hex(bytes), LONGEST)).toBeUndefined());

  it("gets to the end of a stream of empty blocks", () => {
    const empties = new Uint8Array(700_000);
    for (let at = 0; at < empties.length; at += 5) empties.set([0x00, 0x00, 0x00, 0xff, 0xff], at);
    expect(inflate(empties, LONGEST)).toBeUndefined();
    empties.set([0x01], empties.length - 5);
    expect(inflate(empties, LONGEST)).toEqual(new Uint8Array());
  });

  it("stops at its bound", () => {
    const zeros = hex(`edc13101000000c2a0f54f6d0d0fa0${"00".repeat(96)}805703`);
    expect(inflate(zeros, 100_000)).toHaveLength(100_000);
    expect(inflate(zeros, 99_999)).toBeUndefined();
  });
});
