import { rawBin, rawFloat64, rawMap, rawText } from "../../../src/testing/raw.js";
import { errors, joined } from "./notation.js";

// Payloads of the frames on both wires, as handwritten MessagePack.

const NIL = [0xc0];
const u32 = (value: number) => [value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255];
const at = (value: Uint8Array | readonly number[]) => rawMap([rawText("a"), joined(value)]);
const keyed = (...keys: (Uint8Array | readonly number[])[]) =>
  rawMap(...keys.map((key) => [joined(key), joined(NIL)] as const));
const zeros = (length: number) => new Array<number>(length).fill(0);

/** A payload with `count` nested arrays. */
const nested = (count: number) => at(joined(new Array(count).fill(0x91), NIL));
const elements = (count: number) => at(joined([0xdd], u32(count), zeros(count)));

/** Payloads that each reader must accept, and their values. */
export const soundPayloads: readonly (readonly [
  requirement: string,
  name: string,
  payload: Uint8Array,
  value: Record<string, unknown>,
])[] = [
  ["M-3", "an empty payload", rawMap(), {}],
  [
    "M-3",
    "integers of every width",
    at([
      0x9d, 0, 0x7f, 0xcc, 0x80, 0xcc, 0xff, 0xcd, 1, 0, 0xce, 0, 1, 0, 0, 0xcf, 0, 0, 0, 1, 0, 0,
      0, 0, 0xff, 0xe0, 0xd0, 0xdf, 0xd1, 0xff, 0x7f, 0xd2, 0xff, 0xff, 0x7f, 0xff, 0xd3, 0xff,
      0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff,
    ]),
    {
      a: [0, 127, 128, 255, 256, 65_536, 2 ** 32, -1, -32, -33, -129, -32_769, -(2 ** 31) - 1],
    },
  ],
  [
    "M-2",
    "the largest and the smallest integer",
    at([0x92, 0xcf, 0, 0x1f, ...new Array(6).fill(0xff), 0xd3, 0xff, 0xe0, 0, 0, 0, 0, 0, 1]),
    { a: [2 ** 53 - 1, -(2 ** 53) + 1] },
  ],
  [
    "M-4",
    "integers that are longer than they need be",
    at([0x93, 0xcc, 1, 0xcf, ...zeros(7), 1, 0xd3, ...new Array(8).fill(0xff)]),
    { a: [1, 1, -1] },
  ],
  ["M-4", "a float32", at([0xca, 0x3f, 0xc0, 0, 0]), { a: 1.5 }],
  [
    "M-4",
    "heads that are longer than they need be",
    joined([0xdf, 0, 0, 0, 1, 0xdb, 0, 0, 0, 1, 0x61, 0xdd, 0, 0, 0, 1, 0xda, 0, 1, 0x62]),
    { a: ["b"] },
  ],
  ["M-3", "minus zero", at(rawFloat64(-0)), { a: -0 }],
  [
    "M-2",
    "numbers without end where no time is",
    at(
      joined(
        [0x93],
        rawFloat64(Number.NaN),
        rawFloat64(Number.POSITIVE_INFINITY),
        rawFloat64(Number.NEGATIVE_INFINITY),
      ),
    ),
    { a: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY] },
  ],
  [
    "M-2",
    "a text under timestamp",
    rawMap([rawText("timestamp"), rawText("soon")]),
    { timestamp: "soon" },
  ],
  ["C-1", "a U+FEFF at the start of a text", at(rawText("\u{FEFF}a")), { a: "\u{FEFF}a" }],
  [
    "C-1",
    "a U+FEFF at the start of a long text",
    at(rawText(`\u{FEFF}${"ñ".repeat(150)}`)),
    { a: `\u{FEFF}${"ñ".repeat(150)}` },
  ],
  [
    "C-1",
    "keys that differ in a U+FEFF alone",
    rawMap([rawText("a"), joined([1])], [rawText("\u{FEFF}a"), joined([2])]),
    { a: 1, "\u{FEFF}a": 2 },
  ],
  [
    "C-1",
    "text of all planes, U+0000 in it",
    at(rawText("\0é中😀\u{10FFFF}")),
    { a: "\0é中😀\u{10FFFF}" },
  ],
  ["M-2", "byte strings", at(rawBin(Uint8Array.of(0, 255))), { a: Uint8Array.of(0, 255) }],
  [
    "M-2",
    "sixteen containers in each other, the frame's own among them",
    nested(14),
    { a: [[[[[[[[[[[[[[null]]]]]]]]]]]]]] },
  ],
  [
    "M-2",
    "keys that look like indices, as text",
    keyed(rawText("1"), rawText("0")),
    { 1: null, 0: null },
  ],
];

/** Payloads that each reader must reject. */
export const rejectedPayloads: readonly (readonly [
  name: string,
  payload: Uint8Array,
  error: (typeof errors)["malformed"] | (typeof errors)["beyond"],
])[] = [
  ["a key twice", keyed(rawText("a"), rawText("a")), errors.malformed],
  ["a key twice, under a longer head", keyed(rawText("a"), [0xd9, 1, 0x61]), errors.malformed],
  [
    "a key twice, among many",
    keyed(...[..."abcdefghijklmnopqrstuvwxyza"].map(rawText)),
    errors.malformed,
  ],
  ["a key twice, further in", at(keyed(rawText("b"), rawText("b"))), errors.malformed],
  ["a key that is an integer", keyed([1]), errors.malformed],
  ["a key that is nil", keyed(NIL), errors.malformed],
  ["a key that is bytes", keyed([0xc4, 1, 0x61]), errors.malformed],
  ["a key that is an array", keyed([0x90]), errors.malformed],
  ["the key __proto__", keyed(rawText("__proto__")), errors.malformed],
  ["the key constructor", keyed(rawText("constructor")), errors.malformed],
  ["the key prototype, further in", at(keyed(rawText("prototype"))), errors.malformed],
  ["a fixext 1", at([0xd4, 1, 0]), errors.malformed],
  ["a fixext 16", at([0xd8, 1, ...zeros(16)]), errors.malformed],
  ["an ext 8", at([0xc7, 1, 5, 0]), errors.malformed],
  ["a timestamp of MessagePack's own", at([0xd6, 0xff, ...zeros(4)]), errors.malformed],
  ["the byte 0xc1", at([0xc1]), errors.malformed],
  ["the integer 2^53", at([0xcf, 0, 0x20, ...zeros(6)]), errors.beyond],
  ["the integer −2^53", at([0xd3, 0xff, 0xe0, ...zeros(6)]), errors.beyond],
  ["the integer 2^64 − 1", at([0xcf, ...new Array(8).fill(0xff)]), errors.beyond],
  ["the integer −2^63", at([0xd3, 0x80, ...zeros(7)]), errors.beyond],
  ["NaN under timestamp", rawMap([rawText("timestamp"), rawFloat64(Number.NaN)]), errors.malformed],
  [
    "infinity under timestamp, further in",
    at(rawMap([rawText("timestamp"), rawFloat64(Number.POSITIVE_INFINITY)])),
    errors.malformed,
  ],
  [
    "a float32 NaN under timestamp",
    rawMap([rawText("timestamp"), joined([0xca, 0x7f, 0xc0, 0, 0])]),
    errors.malformed,
  ],
  ["UTF-8 that stops in a character", at([0xa1, 0xc3]), errors.malformed],
  ["UTF-8 with a byte that follows nothing", at([0xa1, 0x80]), errors.malformed],
  ["UTF-8 in an overlong form", at([0xa2, 0xc0, 0xaf]), errors.malformed],
  ["UTF-8 of a surrogate", at([0xa3, 0xed, 0xa0, 0x80]), errors.malformed],
  ["UTF-8 past U+10FFFF", at([0xa4, 0xf4, 0x90, 0x80, 0x80]), errors.malformed],
  ["a key that is no UTF-8", keyed([0xa1, 0xff]), errors.malformed],
  ["seventeen containers in each other", nested(15), errors.beyond],
  ["65,537 elements", elements(65_532), errors.beyond],
  [
    "an array of 2^32 − 1, of which nothing is there",
    at([0xdd, ...u32(0xffff_ffff)]),
    errors.beyond,
  ],
  ["a map of 2^32 − 1, of which nothing is there", at([0xdf, ...u32(0xffff_ffff)]), errors.beyond],
  [
    "a text of 2^32 − 1 bytes, of which nothing is there",
    at([0xdb, ...u32(0xffff_ffff)]),
    errors.malformed,
  ],
  [
    "bytes of 2^32 − 1, of which nothing is there",
    at([0xc6, ...u32(0xffff_ffff)]),
    errors.malformed,
  ],
  ["a payload that is an array", joined([0x90]), errors.malformed],
  ["a payload that is nil", joined(NIL), errors.malformed],
  ["a payload that is bytes", rawBin(rawMap()), errors.malformed],
  ["a payload that is text", rawText("{}"), errors.malformed],
];
