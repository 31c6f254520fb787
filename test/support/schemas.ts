import fc from "fast-check";
import * as z from "zod/mini";
import { bytes, id, uuid } from "../../src/index.js";

/** A schema whose values frames can carry, and an arbitrary of its values. */
export interface SchemaWithValues<Value = unknown> {
  readonly schema: z.ZodMiniType<Value, Value>;
  readonly values: fc.Arbitrary<Value>;
  /** Whether a field with this schema may be absent. */
  readonly isOptional?: true;
}

type Any = SchemaWithValues;

const of = <Value>(schema: unknown, values: fc.Arbitrary<Value>): Any => ({
  schema: schema as z.ZodMiniType,
  values,
});

const text = fc.string({ unit: "binary", maxLength: 20 });
const isoDate = z.codec(z.iso.datetime(), z.date(), {
  decode: (iso) => new Date(iso),
  encode: (date) => date.toISOString(),
});
const entries = z.codec(z.array(z.tuple([z.string(), z.int()])), z.map(z.string(), z.int()), {
  decode: (pairs) => new Map(pairs),
  encode: (map) => [...map],
});

const leaves: readonly Any[] = [
  of(z.string(), text),
  of(z.int(), fc.maxSafeInteger()),
  of(z.number(), fc.double({ noNaN: true, noDefaultInfinity: true })),
  of(z.boolean(), fc.boolean()),
  of(z.null(), fc.constant(null)),
  of(z.enum(["a", "b"]), fc.constantFrom("a", "b")),
  of(z.literal([7, "x", false]), fc.constantFrom(7, "x", false)),
  of(bytes({ max: 40 }), fc.uint8Array({ maxLength: 40 })),
  of(id(), fc.integer({ min: 1 })),
  of(uuid(), fc.uuid({ version: 4 })),
  of(isoDate, fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true })),
  of(
    entries,
    fc.array(fc.tuple(text, fc.integer())).map((pairs) => new Map(pairs)),
  ),
];

const forbidden = new Set(["__proto__", "constructor", "prototype"]);
const key = text.filter((name) => !forbidden.has(name));
/** Names of top-level fields: those of contents may be neither `kind` nor `fallback`. */
const fieldName = fc.oneof(key, fc.constantFrom("timestamp", "a", "10", "text", "reply_to"));

function inObject(fields: readonly (readonly [string, Any])[]): Any {
  // The time of the frame would become the value of an absent `timestamp`.
  const isOptional = ([name, field]: (typeof fields)[number]) =>
    field.isOptional === true && name !== "timestamp";
  const shape = Object.fromEntries(fields.map(([name, { schema }]) => [name, schema]));
  const values = Object.fromEntries(fields.map(([name, { values }]) => [name, values]));
  const requiredKeys = fields.filter((field) => !isOptional(field)).map(([name]) => name);
  return of(z.object(shape), fc.record(values, { requiredKeys }));
}

const { object } = fc.letrec<{ part: Any; object: Any; field: Any }>((tie) => ({
  part: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { arbitrary: fc.constantFrom(...leaves), weight: 4 },
    { arbitrary: tie("object"), weight: 2 },
    tie("part").map(({ schema, values }) =>
      of(z.array(schema), fc.array(values, { maxLength: 3 })),
    ),
    tie("part").map(({ schema, values }) =>
      of(z.record(z.string(), schema), fc.dictionary(key, values, { maxKeys: 3 })),
    ),
    tie("part").map(({ schema, values }) => of(z.nullable(schema), fc.option(values))),
    tie("object").map(({ schema, values }) => of(z.readonly(schema), values)),
    fc
      .tuple(tie("part"), tie("part"))
      .map(([a, b]) => of(z.tuple([a.schema, b.schema]), fc.tuple(a.values, b.values))),
    fc.tuple(tie("part"), tie("part")).map(([a, b]) => {
      const option = (tag: string, inner: Any) =>
        inObject([
          ["tag", of(z.literal(tag), fc.constant(tag))],
          ["value", inner],
        ]);
      const [one, other] = [option("a", a), option("b", b)];
      const options = [one.schema, other.schema] as unknown as [z.ZodMiniObject, z.ZodMiniObject];
      return of(z.discriminatedUnion("tag", options), fc.oneof(one.values, other.values));
    }),
  ),
  field: tie("part").chain((inner) =>
    fc.constantFrom<Any>(inner, inner, {
      ...of(z.optional(inner.schema), inner.values),
      isOptional: true,
    }),
  ),
  object: fc
    .uniqueArray(fc.tuple(fieldName, tie("field")), { selector: ([name]) => name, maxLength: 4 })
    .map(inObject),
}));

/** Generates schemas of plain objects, with an arbitrary of their values. */
export const schemas = object as fc.Arbitrary<SchemaWithValues<object>>;
