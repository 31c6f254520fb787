import fc from "fast-check";
import { float } from "./peer.js";

/** Generates well-formed text with any character, including astral characters and U+0000. */
const text = fc.string({ unit: "binary", maxLength: 40 });

/** Generates valid keys of maps that are not tags in the JSON between Node and Python. */
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

/** Generates maps of nested arrays and maps, up to four levels deep, with values of `leaf`. */
function mapOf(leaf: fc.Arbitrary<unknown>): fc.Arbitrary<Record<string, unknown>> {
  return fc.letrec<{ map: Record<string, unknown>; value: unknown }>((tie) => ({
    map: fc.dictionary(key, tie("value"), { maxKeys: 8, noNullPrototype: true }),
    value: fc.oneof({ maxDepth: 4 }, leaf, tie("map"), fc.array(tie("value"), { maxLength: 8 })),
  })).map;
}

const double = fc.double({ noDefaultInfinity: true, noNaN: true });

/** Generates payloads that an application of the library can send. */
export const payload = mapOf(fc.oneof(scalar, integer, double));

/** Generates payloads that a Python program can send: floats may be integral, timestamps may be integers. */
export const pythonPayload = mapOf(fc.oneof(scalar, integer, double, integer.map(float)));

/** Generates timestamps of frames, including whole seconds. */
export const timestamp = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 36 }),
  fc.double({ min: 0, max: 2 ** 36, noNaN: true }),
);

/** Generates secrets as text and as bytes. None is all zero, because SigningKey rejects such secrets. */
export const secret = fc.oneof(
  fc.string({ unit: "binary", minLength: 1 }).filter((characters) => /[^\0]/.test(characters)),
  fc.uint8Array({ minLength: 1 }).filter((bytes) => bytes.some((byte) => byte !== 0)),
);
