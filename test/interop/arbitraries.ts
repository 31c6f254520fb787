import fc from "fast-check";
import { float } from "./peer.js";

/** Any well-formed text: all of Unicode, astral characters and U+0000 included. */
const text = fc.string({ unit: "binary", maxLength: 40 });

/** A key that frames may have, and that the JSON between us and Python does not use for tags. */
const key = fc
  .oneof(text, fc.string(), fc.constant("timestamp"), fc.nat().map(String))
  .filter((name) => !/^\$|^(__proto__|constructor|prototype)$/.test(name));

const integer = fc.oneof(fc.integer({ min: -40, max: 300 }), fc.integer(), fc.maxSafeInteger());
const scalar = fc.oneof(
  text,
  fc.string({ unit: "grapheme", minLength: 200, maxLength: 300 }),
  fc.boolean(),
  fc.constant(null),
);

/** A map of nested arrays and maps, up to four deep, of whatever else `leaf` yields. */
function mapOf(leaf: fc.Arbitrary<unknown>): fc.Arbitrary<Record<string, unknown>> {
  return fc.letrec<{ map: Record<string, unknown>; value: unknown }>((tie) => ({
    map: fc.dictionary(key, tie("value"), { maxKeys: 8, noNullPrototype: true }),
    value: fc.oneof({ maxDepth: 4 }, leaf, tie("map"), fc.array(tie("value"), { maxLength: 8 })),
  })).map;
}

const double = fc.double({ noDefaultInfinity: true, noNaN: true });

/** A payload as an application of the library has it. */
export const payload = mapOf(fc.oneof(scalar, integer, double));

/** A payload as a Python program has it: its floats may be integral, its timestamps may be integers. */
export const pythonPayload = mapOf(fc.oneof(scalar, integer, double, integer.map(float)));

/** A timestamp of an envelope, whole seconds among them. */
export const timestamp = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 40 }),
  fc.double({ min: 0, max: 2 ** 40, noNaN: true }),
);

/** A secret of either form; one that is all zero protects nothing and is refused. */
export const secret = fc.oneof(
  fc.string({ unit: "binary", minLength: 1 }).filter((characters) => /[^\0]/.test(characters)),
  fc.uint8Array({ minLength: 1 }).filter((bytes) => bytes.some((byte) => byte !== 0)),
);
