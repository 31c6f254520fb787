import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as native from "#native";
import { deflateInStream as deflate } from "../../src/crypto/deflate.js";
import { inflate as inflateInJavaScript } from "../../src/crypto/inflate.js";
import { hex, toHex } from "../support/hex.js";
import { runs } from "../support/runs.js";

const LONGEST = 1_048_576;

const paths = { native: native.inflate, "in JavaScript": inflateInJavaScript };
const text = fc.oneof(
  fc.uint8Array({ maxLength: 3000, size: "max" }),
  fc
    .array(fc.integer({ min: 97, max: 104 }), { maxLength: 3000, size: "max" })
    .map((codes) => Uint8Array.from(codes)),
);

/** Returns the codes with these lengths (RFC 1951, section 3.2.2), as text of bits. */
function codesOf(lengths: readonly number[]): string[] {
  let code = 0;
  const codes: string[] = [];
  for (let length = 1; length <= 15; length++) {
    for (const [symbol, its] of lengths.entries()) {
      if (its === length) codes[symbol] = (code++).toString(2).padStart(length, "0");
    }
    code *= 2;
  }
  return codes;
}
const number = (value: number, bits: number) =>
  [...value.toString(2).padStart(bits, "0")].reverse().join("");
/** Packs text of bits into bytes, least significant bit first. */
const packed = (bits: string) =>
  Uint8Array.from(bits.match(/.{1,8}/g)!, (byte) =>
    Number.parseInt([...byte].reverse().join(""), 2),
  );
/** Returns `count` lengths: the given ones, and 0 for all others. */
const lengths = (count: number, given: Record<number, number>): readonly number[] =>
  Array.from({ length: count }, (_, symbol) => given[symbol] ?? 0);

/** Lengths of a code length code in which every symbol has a code. */
const COMPLETE: readonly number[] = Array.from({ length: 19 }, (_, symbol) =>
  symbol < 13 ? 4 : 5,
);
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const lengthCodes = codesOf(COMPLETE);
const NONE: readonly number[] = [0];

interface Block {
  readonly literals?: readonly number[];
  readonly distances?: readonly number[];
  /** Symbols of the literal code, or text of bits. */
  readonly symbols?: readonly (number | string)[];
  readonly encodedLengths?: string;
  readonly kind?: number;
  readonly ofLengths?: readonly number[];
}

/** Returns a last block with dynamic codes (RFC 1951, section 3.2.7). `encodedLengths` replaces the lengths one by one. */
function dynamic({
  literals = lengths(257, { 97: 1, 256: 1 }),
  distances = NONE,
  symbols = [256],
  encodedLengths = [...literals, ...distances].map((length) => lengthCodes[length]!).join(""),
  kind = 2,
  ofLengths = COMPLETE,
}: Block): Uint8Array {
  const codes = codesOf(literals);
  return packed(
    [
      "1",
      number(kind, 2),
      number(literals.length - 257, 5),
      number(distances.length - 1, 5),
      number(15, 4),
      ...ORDER.map((symbol) => number(ofLengths[symbol]!, 3)),
      encodedLengths,
      ...symbols.map((symbol) => (typeof symbol === "string" ? symbol : codes[symbol]!)),
    ].join(""),
  );
}
/** Returns a last block with the fixed codes (RFC 1951, section 3.2.6), of these bits and the end-of-block symbol. */
const fixed = (...bits: string[]) => packed(`1${number(1, 2)}${bits.join("")}0000000`);
const A = "10010001";
const repeat = (symbol: 16 | 17 | 18, extra: number) =>
  lengthCodes[symbol]! + number(extra, { 16: 2, 17: 3, 18: 7 }[symbol]);
const each = (...values: number[]) => values.map((length) => lengthCodes[length]!).join("");

describe.each(Object.entries(paths))("inflate, %s", (_, inflate) => {
  it.runIf("CompressionStream" in globalThis)("inflates streams of CompressionStream", async () => {
    await fc.assert(
      fc.asyncProperty(text, async (bytes) => {
        expect(inflate((await deflate(bytes))!, LONGEST)).toEqual(bytes);
      }),
      { numRuns: runs(200) },
    );
  });

  it.each([
    ["an empty fixed block", "0300", ""],
    ["an empty stored block, and a last one", "000000ffff010000ffff", ""],
    ["a stored block", "010400fbff686f6c61", "hola"],
    ["a fixed block", "cbc8cf490400", "hola"],
    ["a match that repeats one byte", toHex(fixed(A, "11000101", "00000")), "a".repeat(259)],
  ])("accepts %s", (_, bytes, text) => {
    expect(inflate(hex(bytes), LONGEST)).toEqual(new TextEncoder().encode(text));
  });

  it.each([
    ["empty input", ""],
    ["an empty stored block that is not the last", "000000ffff"],
    ["a stored block whose length has the wrong complement", "010000fffe"],
    ["an invalid block type", "07"],
    ["a truncated fixed block", "cbc8cf49"],
    ["a fixed block with a byte after it", "cbc8cf49040000"],
  ])("rejects %s", (_, bytes) => expect(inflate(hex(bytes), LONGEST)).toBeUndefined());

  // One code of each length from 1 to 14 bits, and two codes of 15 bits.
  const oneToFifteen = Object.fromEntries([...Array(15).keys()].map((at) => [at, at + 1]));
  const allLengths = lengths(257, { ...oneToFifteen, 256: 15 });

  it.each([
    ["a dynamic block", dynamic({ symbols: [97, 97, 256] }), "aa"],
    ["codes of every length", dynamic({ literals: allLengths, symbols: [14, 0, 256] }), "\x0e\0"],
    ["a single end-of-block code of one bit", dynamic({ literals: lengths(257, { 256: 1 }) }), ""],
    [
      "one distance, of one bit",
      dynamic({
        literals: lengths(258, { 97: 1, 256: 2, 257: 2 }),
        distances: [1],
        symbols: [97, 257, "0", 256],
      }),
      "aaaa",
    ],
    [
      "286 literals and 30 distances",
      dynamic({
        literals: lengths(286, { 97: 1, 256: 2, 285: 2 }),
        distances: lengths(30, { 0: 1, 29: 1 }),
        symbols: [97, 285, "0", 256],
      }),
      "a".repeat(259),
    ],
    [
      "repeated lengths up to the end",
      dynamic({
        literals: lengths(257, { 255: 1, 256: 1 }),
        encodedLengths: repeat(18, 127) + repeat(18, 106) + each(1, 1, 0),
      }),
      "",
    ],
    [
      "repeated zeros that end with the lengths",
      dynamic({
        literals: lengths(257, { 97: 1, 256: 1 }),
        distances: [0, 0, 0],
        encodedLengths:
          repeat(18, 86) + each(1) + repeat(18, 127) + repeat(18, 9) + each(1) + repeat(17, 0),
        symbols: [97, 256],
      }),
      "a",
    ],
  ])("accepts %s", (_, bytes, text) => {
    expect(inflate(bytes, LONGEST)).toEqual(new TextEncoder().encode(text));
  });

  it.each([
    ["an invalid block type with a dynamic block's content", dynamic({ kind: 3 })],
    ["a single end-of-block code of two bits", dynamic({ literals: lengths(257, { 256: 2 }) })],
    ["an incomplete code", dynamic({ literals: lengths(257, { 97: 2, 256: 2 }) })],
    ["an over-subscribed code", dynamic({ literals: lengths(257, { 1: 1, 97: 1, 256: 1 }) })],
    [
      "a code without an end-of-block symbol",
      dynamic({ literals: lengths(257, { 1: 1, 97: 1 }), symbols: ["1"] }),
    ],
    ["one distance, of two bits", dynamic({ distances: [2] })],
    ["an incomplete distance code", dynamic({ distances: [1, 2] })],
    ["three distances of one bit", dynamic({ distances: [1, 1, 1] })],
    ["287 literals", dynamic({ literals: lengths(287, { 97: 1, 256: 1 }) })],
    ["31 distances", dynamic({ distances: lengths(31, {}) })],
    ...[0, 1, 8, 9, 15, 16, 17, 18].map((symbol): [string, Uint8Array] => [
      `no code length but ${symbol}`,
      dynamic({ ofLengths: lengths(19, { [symbol]: 1 }), encodedLengths: "0".repeat(1000) }),
    ]),
    ["an empty code length code", dynamic({ ofLengths: lengths(19, {}) })],
    [
      "a repetition without a previous length",
      dynamic({ encodedLengths: repeat(16, 0) + each(...lengths(254, { 94: 1, 253: 1 }), 0) }),
    ],
    [
      "a repetition past the last length",
      dynamic({
        encodedLengths:
          repeat(18, 86) + each(1) + repeat(18, 127) + repeat(18, 9) + each(1) + repeat(17, 0),
      }),
    ],
    ["a match that starts before the output", fixed(A, "0000001", "00001")],
    ["a match without previous output", fixed("0000001", "00000")],
    ["the length symbol 286", fixed(A, "11000110", "00000")],
    ["the length symbol 287", fixed(A, "11000111", "00000")],
    ["the distance symbol 30", fixed(A, "0000001", "11110")],
    ["the distance symbol 31", fixed(A, "0000001", "11111")],
  ])("rejects %s", (_, bytes) => expect(inflate(bytes, LONGEST)).toBeUndefined());

  it("reaches the end of a stream of empty blocks", () => {
    const empties = new Uint8Array(700_000);
    for (let at = 0; at < empties.length; at += 5) empties.set([0x00, 0x00, 0x00, 0xff, 0xff], at);
    expect(inflate(empties, LONGEST)).toBeUndefined();
    empties.set([0x01], empties.length - 5);
    expect(inflate(empties, LONGEST)).toEqual(new Uint8Array());
  });

  it("rejects output longer than the limit", () => {
    const zeros = hex(`edc13101000000c2a0f54f6d0d0fa0${"00".repeat(96)}805703`);
    expect(inflate(zeros, 100_000)).toHaveLength(100_000);
    expect(inflate(zeros, 99_999)).toBeUndefined();
  });
});

describe.runIf("CompressionStream" in globalThis)("native and JavaScript inflate", () => {
  it("accept and reject the same changed, truncated and extended streams", async () => {
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
      { numRuns: runs(50) },
    );
  });
});
