import { describe, expect, it } from "vitest";
import * as z from "zod";
import * as mini from "zod/mini";
import { bytes, defineMessage, id, MessageProtocol, timestamp, uuid } from "../../src/index.js";
import { NOW, wires } from "../support/examples.js";
import { counting } from "../support/hex.js";
import { entries, isoDate } from "./codecs.js";
import { key } from "./fixture.js";

const tree: z.ZodType = z.lazy(() => z.object({ at: isoDate(), inner: z.array(tree) }));
const Node = z.object({
  name: z.string(),
  get next() {
    return z.optional(Node);
  },
  data: bytes({ max: 9 }),
});
const at = new Date(0);
const data = counting(4);
const any: z.ZodType = z.any();

/** Schemas, and values that a receiver gets as they were sent, on both wires. */
const exact: [name: string, schema: z.ZodType, ...values: unknown[]][] = [
  ["an empty object", z.object({}), {}],
  ["a strict object", z.strictObject({ a: z.int() }), { a: 1 }],
  ["a loose object", z.looseObject({ a: z.int() }), { a: 1, b: [{ c: null }] }],
  ["a catchall", z.object({ a: z.int() }).catchall(z.string()), { a: 1, b: "x" }],
  ["a catchall of codecs", z.object({}).catchall(isoDate()), { b: at }],
  ["a catchall of bytes", z.object({}).catchall(bytes({ max: 9 })), { b: data }],
  ["a record", z.record(z.string(), z.int()), { a: 1, 7: 2 }],
  ["a record of bytes", z.record(z.string(), bytes({ max: 9 })), { a: data }],
  ["a record of codecs", z.record(z.string(), isoDate()), { a: at }],
  ["a record with a key pattern", z.record(z.string().regex(/^x/), z.int()), { x1: 1 }],
  ["a record of an enum", z.record(z.enum(["a", "b"]), z.int()), { a: 1, b: 2 }],
  ["a partial record", z.partialRecord(z.enum(["a", "b"]), z.int()), { a: 1 }],
  ["a loose record", z.looseRecord(z.string().regex(/^x/), z.int()), { x1: 1, y: "z" }],
  ["a record of numeric keys", z.record(z.number(), z.int()), { 1: 1, 2: 2 }],
  [
    "an intersection",
    z.intersection(z.object({ a: z.int() }), z.object({ b: z.int() })),
    { a: 1, b: 2 },
  ],
  [
    "an intersection with a codec",
    z.intersection(z.object({ at: isoDate() }), z.object({ b: z.int() })),
    { at, b: 2 },
  ],
  [
    "an intersection with bytes",
    z.intersection(z.object({ a: bytes({ max: 9 }) }), z.object({ b: z.int() })),
    { a: data, b: 2 },
  ],
  [
    "an intersection with a loose object",
    z.intersection(z.object({ a: z.int() }), z.looseObject({})),
    { a: 1, b: 2 },
  ],
  [
    "an intersection of overlapping objects",
    z.intersection(z.object({ a: z.int() }), z.object({ a: z.number().max(9) })),
    { a: 1 },
  ],
  [
    "an intersection of nested objects",
    z.object({ i: z.intersection(z.object({ a: isoDate() }), z.object({ b: z.int() })) }),
    { i: { a: at, b: 1 } },
  ],
  [
    "a union of objects",
    z.union([z.object({ a: z.int() }), z.object({ b: z.string() })]),
    { a: 1 },
    { b: "x" },
  ],
  [
    "a union of objects, with codecs",
    z.union([z.object({ a: isoDate() }), z.object({ b: isoDate() })]),
    { a: at },
    { b: at },
  ],
  [
    "a union of objects, with bytes",
    z.union([z.object({ a: bytes({ max: 9 }) }), z.object({ b: z.int() })]),
    { a: data },
    { b: 1 },
  ],
  [
    "a discriminated union",
    z.discriminatedUnion("k", [
      z.object({ k: z.literal("a"), at: isoDate() }),
      z.object({ k: z.enum(["b", "c"]), at: z.string() }),
    ]),
    { k: "a", at },
    { k: "b", at: at.toISOString() },
  ],
  [
    "a nested discriminated union",
    z.object({
      u: z.discriminatedUnion("k", [
        z.object({ k: z.literal(1), d: bytes({ max: 9 }) }),
        z.object({ k: z.literal(2), d: z.string() }),
      ]),
    }),
    { u: { k: 1, d: data } },
    { u: { k: 2, d: "AAEC" } },
  ],
  [
    "an exclusive union",
    z.xor([z.object({ a: z.int() }), z.object({ b: z.int() })]),
    { a: 1 },
    { b: 1 },
  ],
  [
    "a union of parts of different types",
    z.object({
      u: z.union([bytes({ max: 9 }), z.int(), z.null(), z.array(isoDate()), z.boolean()]),
    }),
    { u: data },
    { u: 1 },
    { u: null },
    { u: [at] },
    { u: true },
  ],
  [
    "a union of a codec and a literal",
    z.object({ u: z.union([z.literal("never"), isoDate()]) }),
    { u: "never" },
    { u: at },
  ],
  ["a recursive object with a getter", Node, { name: "a", data, next: { name: "b", data } }],
  [
    "a recursive lazy schema with codecs",
    z.object({ t: tree }),
    { t: { at, inner: [{ at, inner: [] }] } },
  ],
  ["a lazy object", z.lazy(() => z.object({ a: isoDate() })), { a: at }],
  [
    "a tuple",
    z.object({ t: z.tuple([z.int(), isoDate(), bytes({ max: 9 })]) }),
    { t: [1, at, data] },
  ],
  ["a tuple with a rest", z.object({ t: z.tuple([z.int()], isoDate()) }), { t: [1, at, at] }],
  [
    "a tuple with an optional item",
    z.object({ t: z.tuple([z.int(), z.string().optional()]) }),
    { t: [1] },
    { t: [1, "x"] },
  ],
  ["a nested array", z.object({ a: z.array(z.array(bytes({ max: 9 }))) }), { a: [[data], []] }],
  ["an array with bounds", z.object({ a: z.array(z.int()).min(1).max(2) }), { a: [1] }],
  ["an enum", z.object({ e: z.enum({ A: "a", B: 7 } as const) }), { e: "a" }, { e: 7 }],
  [
    "literals",
    z.object({ l: z.literal(["a", 1, null, true]) }),
    { l: "a" },
    { l: 1 },
    { l: null },
    { l: true },
  ],
  ["a template literal", z.object({ t: z.templateLiteral(["v", z.int()]) }), { t: "v7" }],
  [
    "formats of text",
    z.object({
      e: z.email(),
      u: z.url(),
      i: z.ipv4(),
      j: z.jwt().optional(),
      h: z.hex(),
      d: z.iso.date(),
    }),
    { e: "a@b.cd", u: "https://a.bc/", i: "1.2.3.4", h: "0a", d: "2026-11-27" },
  ],
  [
    "numbers",
    z.object({ a: z.number(), b: z.float32(), c: z.uint32(), d: z.int32() }),
    { a: -0.5, b: 0.5, c: 4_294_967_295, d: -1 },
  ],
  ["a multiple", z.object({ a: z.number().multipleOf(0.5) }), { a: 1.5 }],
  ["an optional field", z.object({ a: z.optional(isoDate()) }), {}, { a: at }],
  ["an exactly optional field", z.object({ a: z.exactOptional(isoDate()) }), {}, { a: at }],
  [
    "a nullable field",
    z.object({ a: z.nullable(isoDate()), b: z.nullable(bytes({ max: 9 })) }),
    { a: null, b: null },
    { a: at, b: data },
  ],
  ["a nullish field", z.object({ a: z.nullish(z.int()) }), {}, { a: null }, { a: 1 }],
  ["a nullish codec", z.object({ a: z.nullish(isoDate()) }), {}, { a: null }, { a: at }],
  ["a non-optional field", z.object({ a: z.nonoptional(z.optional(isoDate())) }), { a: at }],
  ["a default", z.object({ a: z.int().default(7) }), { a: 1 }],
  ["a default of a codec", z.object({ a: isoDate().default(at) }), { a: new Date(5) }],
  ["a prefault", z.object({ a: z.string().prefault("x") }), { a: "y" }],
  ["a prefault of a codec", z.object({ a: isoDate().prefault("2020-01-01T00:00:00Z") }), { a: at }],
  ["a catch", z.object({ a: z.int().catch(7) }), { a: 1 }],
  ["a catch of a codec", z.object({ a: isoDate().catch(at) }), { a: new Date(5) }],
  ["a catch of bytes", z.object({ a: mini.catch(bytes({ max: 9 }), data) }), { a: counting(3) }],
  ["a brand", z.object({ a: z.string().brand("A") }).brand("B"), { a: "x" }],
  ["a read-only object", z.object({ a: isoDate() }).readonly(), { a: at }],
  ["a read-only array", z.object({ a: z.array(isoDate()).readonly() }), { a: [at] }],
  [
    "a refinement",
    z.object({ a: z.int(), b: isoDate() }).refine(({ a }) => a > 0),
    { a: 1, b: at },
  ],
  [
    "a refinement of a field",
    z.object({ a: z.string().refine((text) => text !== "") }),
    { a: "x" },
  ],
  ["a superRefine", z.object({ a: z.int() }).superRefine(() => {}), { a: 1 }],
  [
    "a check of bytes",
    z.object({ a: bytes({ max: 9 }).check(z.refine((value) => value.length > 0)) }),
    { a: data },
  ],
  ["a pipe", z.object({ a: z.string().pipe(z.string().max(3)) }), { a: "x" }],
  ["a pipe after a codec", z.object({ a: isoDate().pipe(z.date().min(new Date(0))) }), { a: at }],
  ["a pipe before a codec", z.object({ a: z.string().pipe(isoDate()) }), { a: at }],
  [
    "a codec of a codec",
    z.object({
      a: z.codec(isoDate(), z.number(), {
        decode: (date) => date.getTime(),
        encode: (ms) => new Date(ms),
      }),
    }),
    { a: 5 },
  ],
  [
    "an inverted codec",
    z.object({
      a: z.invertCodec(z.codec(z.number(), z.string(), { decode: String, encode: Number })),
    }),
    { a: 5 },
  ],
  [
    "a codec of the whole",
    z.codec(z.object({ a: z.int() }), z.object({ b: z.int() }), {
      decode: ({ a }) => ({ b: a + 1 }),
      encode: ({ b }) => ({ a: b - 1 }),
    }),
    { b: 5 },
  ],
  ["a map", z.object({ m: entries(z.int()) }), { m: new Map([["a", 1]]) }],
  [
    "a set",
    z.object({
      s: z.codec(z.array(z.string()), z.set(z.string()), {
        decode: (list) => new Set(list),
        encode: (set) => [...set],
      }),
    }),
    { s: new Set(["a"]) },
  ],
  [
    "a bigint",
    z.object({ n: z.codec(z.string(), z.bigint(), { decode: BigInt, encode: String }) }),
    { n: 5n },
  ],
  [
    "a URL",
    z.object({
      u: z.codec(z.url(), z.instanceof(URL), {
        decode: (text) => new URL(text),
        encode: (url) => url.href,
      }),
    }),
    { u: new URL("https://a.bc/") },
  ],
  ["a stringbool", z.object({ a: z.stringbool() }), { a: true }, { a: false }],
  [
    "a stringbool of own words",
    z.object({ a: z.stringbool({ truthy: ["sí"], falsy: ["no"] }) }),
    { a: true },
    { a: false },
  ],
  ["json", z.object({ a: z.json() }), { a: [{ b: null, c: [1, "x", true] }] }],
  ["any and unknown", z.object({ a: z.any(), b: z.unknown() }), { a: [1], b: { c: "x" } }],
  ["custom", z.object({ a: z.custom<number>((value) => value === 7) }), { a: 7 }],
  ["never", z.object({ a: z.never().optional() }), {}],
  ["undefined", z.object({ a: z.undefined().optional() }), {}],
  ["a coerced number", z.object({ a: z.coerce.number() }), { a: 5 }],
  ["a coerced string", z.object({ a: z.coerce.string() }), { a: "x" }],
  ["a coerced boolean", z.object({ a: z.coerce.boolean() }), { a: true }, { a: false }],
  ["trimmed text", z.object({ a: z.string().trim().toLowerCase() }), { a: "x" }],
  ["normalized text", z.object({ a: z.string().normalize() }), { a: "é" }],
  ["a keyof", z.object({ a: z.keyof(z.object({ x: z.int(), y: z.int() })) }), { a: "x" }],
  [
    "own fields",
    z.object({ a: id(), b: uuid(), c: bytes({ length: 4 }), timestamp: timestamp() }),
    { a: 1, b: "018bcfe5-687b-7abc-8def-0123456789ab", c: data, timestamp: 5.5 },
  ],
  [
    "extended objects",
    z
      .object({ a: isoDate() })
      .extend({ b: bytes({ max: 9 }) })
      .partial(),
    {},
    { b: data },
    { a: at },
  ],
  ["required fields", z.object({ a: z.int().optional() }).required(), { a: 1 }],
  ["an optional whole", z.optional(z.object({ a: isoDate() })), { a: at }],
  ["a nullable whole", z.nullable(z.object({ a: isoDate() })), { a: at }],
  ["a default of the whole", z.object({ a: isoDate() }).default({ a: at }), { a: new Date(5) }],
  ["any whole", any, { a: 1, b: [data.length] }],
  ["a meta", z.object({ a: z.int().meta({ title: "A" }).describe("a") }), { a: 1 }],
  [
    "a file, which no field has",
    z.object({ a: z.int(), f: z.undefined() }).omit({ f: true }),
    { a: 1 },
  ],
  [
    "a discriminated union with an optional discriminator",
    z.discriminatedUnion("k", [
      z.object({ k: z.literal("a").optional(), at: isoDate() }),
      z.object({ k: z.literal("b"), at: z.string() }),
    ]),
    { at },
    { k: "a", at },
    { k: "b", at: at.toISOString() },
  ],
  [
    "objects that differ in the type of a field",
    z.union([z.object({ d: z.int() }), z.object({ d: isoDate() })]),
    { d: 5 },
    { d: at },
  ],
  [
    "a union with a strict object",
    z.union([z.object({ a: isoDate() }), z.strictObject({ b: z.int() })]),
    { a: at },
    { b: 1 },
  ],
  [
    "any object, or values that are none",
    z.object({
      a: z.union([
        z.object({ at: isoDate().optional() }),
        z.codec(z.string(), z.bigint(), { decode: BigInt, encode: String }),
      ]),
      b: z.union([z.object({ at: isoDate().optional() }), uuid() as unknown as z.ZodString]),
      c: z.union([z.object({ n: z.int() }), bytes({ max: 9 }) as unknown as z.ZodString]),
    }),
    { a: { at }, b: {}, c: { n: 1 } },
    { a: 5n, b: "018bcfe5-687b-7abc-8def-0123456789ab", c: data },
  ],
];

describe("values of a schema are received as they were sent:", () => {
  it.each(exact)("%s", (_, schema, ...values) => {
    const Own = defineMessage("own", schema as z.ZodType<object, object>);
    expect(values.length).toBeGreaterThan(0);
    for (const value of values as object[]) {
      for (const wire of wires) {
        const frame = Own.toProtocol(value, key, { wire, timestamp: NOW }).toBytes();
        const opened = MessageProtocol.open(frame, { key, now: NOW });
        expect(Own.fromProtocol(opened)).toEqual(value);
      }
    }
  });
});
