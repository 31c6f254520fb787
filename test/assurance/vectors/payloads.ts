import { type InvalidField, invalidFields } from "../../../src/testing/invalid-fields.js";
import { invalidPayloads } from "../../../src/testing/invalid-payloads.js";
import { rawBin, rawFloat64, rawMap, rawText } from "../../../src/testing/raw.js";
import { errors, joined } from "./notation.js";

// Valid payloads of the frames on both wires, as handwritten MessagePack.

const NIL = [0xc0];
const at = (value: Uint8Array | readonly number[]) => rawMap([rawText("a"), joined(value)]);
const keyed = (...keys: (Uint8Array | readonly number[])[]) =>
  rawMap(...keys.map((key) => [joined(key), joined(NIL)] as const));
const zeros = (length: number) => new Array<number>(length).fill(0);

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
    at(joined(new Array(14).fill(0x91), NIL)),
    { a: [[[[[[[[[[[[[[null]]]]]]]]]]]]]] },
  ],
  [
    "M-2",
    "keys that look like indices, as text",
    keyed(rawText("1"), rawText("0")),
    { 1: null, 0: null },
  ],
];

/** Payloads that each reader must reject, and the error. */
export const rejectedPayloads = invalidPayloads
  .filter(({ isVariant }) => !isVariant)
  .map(({ name, payload, code }) => ({
    name,
    payload,
    error: code === "ERR_MALFORMED" ? errors.malformed : errors.beyond,
  }));

const withoutVariants = (fields: readonly InvalidField[]) =>
  fields.filter(({ isVariant }) => !isVariant);

/** Fields that each reader must reject, by wire. */
export const rejectedFields = {
  1: withoutVariants(invalidFields[1]),
  2: withoutVariants(invalidFields[2]),
};
