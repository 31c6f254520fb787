import { describe, expect, it } from "vitest";
import * as z from "zod";
import * as mini from "zod/mini";
import { bytes, defineMessage, ValidationError } from "../../src/index.js";
import { entries, isoDate } from "./codecs.js";

const X = { x: z.int() };
const loose = z.looseObject({});
const withBytes = z.object({ a: bytes({ max: 9 }) });
const withCodec = z.object({ a: isoDate() });
const inA = (part: unknown) => z.object({ a: part as z.ZodType });
const mistaken =
  "a: option 0 may accept what option 1 writes in a frame: use z.discriminatedUnion()";

/** Schemas whose values a receiver would not get, or not as they were sent. */
const rejected: [name: string, message: string, schema: unknown][] = [
  ["text or bytes", mistaken, inA(z.union([z.string(), bytes({ max: 9 })]))],
  ["bytes or text", mistaken, inA(z.union([bytes({ max: 9 }), z.string()]))],
  ["text or a codec of text", mistaken, inA(z.union([z.string(), isoDate()]))],
  ["a codec of text or text", mistaken, inA(z.union([isoDate(), z.string().max(9)]))],
  ["any value or a codec", mistaken, inA(z.union([z.any(), isoDate()]))],
  [
    "a custom value or a codec",
    mistaken,
    inA(z.union([z.custom<number>(Number.isInteger), isoDate()])),
  ],
  [
    "a literal that a codec decodes",
    mistaken,
    inA(z.union([z.literal("2020-01-01T00:00:00Z"), isoDate()])),
  ],
  [
    "a codec that decodes a literal",
    mistaken,
    inA(z.union([isoDate(), z.literal("2020-01-01T00:00:00Z")])),
  ],
  ["a nullable codec or nil", mistaken, inA(z.union([z.nullable(isoDate()), z.null()]))],
  ["a catch before a codec", mistaken, inA(z.union([z.int().catch(0), isoDate()]))],
  [
    "lists of texts or of bytes",
    mistaken,
    inA(z.union([z.array(z.string()), z.array(bytes({ max: 9 }))])),
  ],
  [
    "records of texts or of codecs",
    mistaken,
    inA(z.union([z.record(z.string(), z.string()), z.record(z.string(), isoDate())])),
  ],
  [
    "objects with a text or bytes",
    mistaken,
    inA(z.union([z.object({ d: z.string() }), z.object({ d: bytes({ max: 9 }) })])),
  ],
  [
    "objects with optional fields",
    mistaken,
    inA(z.union([z.object({ b: z.optional(z.int()) }), withCodec])),
  ],
  [
    "an object, or a loose one with a codec",
    mistaken,
    inA(z.union([z.object({ b: z.int() }), withCodec.loose()])),
  ],
  [
    "alternatives in a wrapper",
    mistaken,
    inA(z.optional(z.readonly(z.union([z.string(), isoDate()])))),
  ],
  [
    "a lazy alternative",
    mistaken,
    inA(z.union([z.lazy(() => z.string()), z.lazy(() => isoDate())])),
  ],
  [
    "exclusive options, the first of which is written",
    "a: option 1 may accept what option 0 writes",
    inA(z.xor([withCodec, z.object({ b: z.optional(z.int()) })])),
  ],
  [
    "alternatives of the whole",
    "option 0 may accept what option 1 writes",
    z.union([loose, withBytes]),
  ],
  [
    "bytes and a loose object",
    "both sides read the field a, and one converts it",
    z.intersection(withBytes, loose),
  ],
  [
    "a loose object and bytes",
    "both sides read the field a, and one converts it",
    z.intersection(loose, withBytes),
  ],
  [
    "a codec and a loose object",
    "both sides read the field a, and one converts it",
    z.intersection(withCodec, loose),
  ],
  [
    "a codec and a catchall",
    "both sides read the field a",
    z.intersection(withCodec, z.object({}).catchall(z.string())),
  ],
  [
    "a codec and a record",
    "both sides read the field a",
    z.intersection(withCodec, z.record(z.string(), z.any())),
  ],
  ["a codec and any value", "both sides read the field a", z.intersection(withCodec, z.any())],
  ["a codec in both sides", "both sides read the field a", z.intersection(withCodec, withCodec)],
  [
    "a nested codec and a loose object",
    "x: both sides read the field a",
    z.object({ x: z.intersection(inA(withBytes), loose) }),
  ],
  [
    "a record of codecs and an object",
    "both sides read the field *",
    z.intersection(z.record(z.string(), isoDate()), z.object({ b: z.any() })),
  ],
  [
    "a union in an intersection",
    "both sides read the field a",
    z.intersection(z.union([withBytes, z.object({ b: z.int() })]), loose),
  ],
  [
    "an intersection in an intersection",
    "both sides read the field a",
    z.intersection(z.intersection(withBytes, z.object({ b: z.int() })), loose),
  ],
  [
    "two codecs of a text",
    "a: both sides read the field *",
    inA(z.intersection(isoDate(), isoDate())),
  ],
  [
    "read-only bytes",
    "a: zod cannot freeze bytes: leave out readonly",
    inA(mini.readonly(bytes({ max: 9 }))),
  ],
  [
    "read-only optional bytes",
    "a: zod cannot freeze bytes",
    inA(mini.readonly(mini.optional(bytes({ max: 9 })))),
  ],
  [
    "a codec of keys",
    "a: keys in frames are texts: use a codec of the whole map",
    inA(
      z.record(
        z.invertCodec(z.codec(z.int(), z.string(), { decode: String, encode: Number })) as never,
        z.int(),
      ),
    ),
  ],
  [
    "absent elements",
    "a: an array in a frame has no absent elements: use z.nullable()",
    inA(z.array(z.int().optional())),
  ],
  [
    "the key constructor",
    "a.constructor: is a forbidden key",
    inA(z.object({ constructor: z.int() })),
  ],
  [
    "an optional field with the name of a method that every object inherits",
    "valueOf: is a name that every object inherits",
    z.object({ valueOf: z.string().optional() }),
  ],
  [
    "such a field on the application's side of a codec",
    "a.toString: is a name that every object inherits",
    inA(
      z.codec(z.string(), z.object({ toString: z.string().optional() }), {
        decode: (text) => ({ toString: text }) as never,
        encode: () => "",
      }),
    ),
  ],
  [
    "such a key of a record of an enum",
    "a.hasOwnProperty: is a name that every object inherits",
    inA(z.record(z.enum(["hasOwnProperty"]), z.string().optional())),
  ],
  ["the key __proto__", "__proto__: is a forbidden key", z.object({ ["__proto__"]: z.int() })],
  ["a one-way transform", "a: is a one-way transform", inA(z.string().transform(Number))],
  [
    "a transform in a lazy schema",
    "a: is a one-way transform",
    inA(z.lazy(() => z.string().transform(Number))),
  ],
  ["a preprocess", "a: is a one-way transform", inA(z.preprocess(String, z.string()))],
  [
    "a transform in a catchall",
    "is a one-way transform",
    z.object({}).catchall(z.string().transform(Number)),
  ],
  [
    "a transform in a tuple's rest",
    "a: is a one-way transform",
    inA(z.tuple([z.int()], z.string().transform(Number))),
  ],
  [
    "a transform in a record",
    "a: is a one-way transform",
    inA(z.record(z.string(), z.string().transform(Number))),
  ],
  ["a date", "a: a frame cannot carry a date", inA(z.date())],
  ["a coerced date", "a: a frame cannot carry a date", inA(z.coerce.date())],
  ["a bigint", "a: a frame cannot carry a bigint", inA(z.bigint())],
  ["an int64", "a: a frame cannot carry a bigint", inA(z.int64())],
  ["a literal bigint", "a: a frame cannot carry a bigint", inA(z.literal([1, 5n]))],
  ["a symbol", "a: a frame cannot carry a symbol", inA(z.symbol())],
  ["a map", "a: a frame cannot carry a map", inA(z.map(z.string(), z.int()))],
  ["a set", "a: a frame cannot carry a set", inA(z.set(z.int()))],
  ["a file", "a: a frame cannot carry a file", inA(z.file())],
  ["a promise", "a: a frame cannot carry a promise", inA(z.promise(z.int()))],
  ["a function", "a: a frame cannot carry a function", inA(z.function())],
  ["an instance", "a: a frame cannot carry a URL", inA(z.instanceof(URL))],
  ["bytes of zod", "a: wire 1 carries bytes as base64 text", inA(z.instanceof(Uint8Array))],
  ["a text", "must be a schema of a plain object", z.string()],
  ["a list", "must be a schema of a plain object", z.array(z.int())],
  ["a literal", "must be a schema of a plain object", z.literal("a")],
  [
    "objects that an optional field does not tell apart",
    mistaken,
    inA(z.union([z.object({ ...X, b: z.int().optional() }), z.object({ ...X, at: isoDate() })])),
  ],
  ["any object or bytes", mistaken, inA(z.union([z.object({}), bytes({ max: 9 })]))],
  [
    "an object of optional fields or a map",
    mistaken,
    inA(z.union([z.object({ a: z.int().optional() }), entries(z.int())])),
  ],
];

describe("a definition is rejected, and the error names the part: ", () => {
  it.each(rejected)("%s", (_, message, schema) => {
    const define = () => defineMessage("own", schema as z.ZodType<object, object>);
    expect(define).toThrow(ValidationError);
    expect(define).toThrow(`schema of own: ${message}`);
  });
});
