import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as native from "#native";
import { deflateInStream as deflate } from "../../src/crypto/deflate.js";
import { inflate as inflateInJavaScript } from "../../src/crypto/inflate.js";
import { hex, toHex } from "../support/hex.js";

const LONGEST = 1_048_576;

const paths = { native: native.inflate, "in JavaScript": inflateInJavaScript };
const text = fc.oneof(
  fc.uint8Array({ maxLength: 3000, size: "max" }),
  fc
    .array(fc.integer({ min: 97, max: 104 }), { maxLength: 3000, size: "max" })
    .map((codes) => Uint8Array.from(codes)),
);

describe.each(Object.entries(paths))("inflating, %s", (_, inflate) => {
  it.runIf("CompressionStream" in globalThis)("undoes what the platform deflates", async () => {
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

describe.runIf("CompressionStream" in globalThis)("both ways to inflate", () => {
  it("take and refuse the same of streams that were changed, cut or followed by something", async () => {
    const change = fc.record({ at: fc.nat(), bit: fc.nat(7) });
    const damage = fc.record({ change, end: fc.nat(), more: fc.uint8Array({ maxLength: 4 }) });
    await fc.assert(
      fc.asyncProperty(text, fc.array(damage, { minLength: 20 }), async (bytes, damages) => {
        const stream = (await deflate(bytes))!;
        for (const { change, end, more } of damages) {
          const changed = stream.slice();
          changed[change.at % Math.min(20, stream.length)]! ^= 1 << change.bit;
          const cut = stream.subarray(0, end % (stream.length + 1));
          for (const one of [changed, cut, Uint8Array.of(...stream, ...more)]) {
            const [byNative, inJavaScript] = Object.values(paths).map((way) => way(one, LONGEST));
            expect(byNative && toHex(byNative)).toBe(inJavaScript && toHex(inJavaScript));
          }
        }
      }),
      { numRuns: 50 },
    );
  });
});
