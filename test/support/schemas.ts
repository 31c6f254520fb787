import fc from "fast-check";
import * as z from "zod/mini";
import { bytes, id, uuid } from "../../src/index.js";

/** A schema whose values frames can carry, and an arbitrary of its values. */
export interface SchemaWithValues<Value = unknown> {
  readonly schema: z.ZodMiniType<Value, Value>;
  /** The schema of the application's values, without codecs: it parses a value to what a receiver must get. */
  readonly plain: z.ZodMiniType<Value, Value>;
  readonly values: fc.Arbitrary<Value>;
  /** Whether a field with this schema may be absent. */
  readonly isOptional?: true;
}

type Any = SchemaWithValues;
type AnySchema = z.ZodMiniType<unknown, unknown>;

const of = (values: fc.Arbitrary<unknown>, schema: unknown, plain = schema): Any => ({
  schema: schema as AnySchema,
  plain: plain as AnySchema,
  values,
});

/** Makes a schema of others, and the schema of the application's values in the same way. */
function made(
  parts: readonly Any[],
  make: (...schemas: AnySchema[]) => unknown,
  values: fc.Arbitrary<unknown>,
): Any {
  const plain = make(...parts.map((part) => part.plain));
  return of(values, make(...parts.map((part) => part.schema)), plain);
}

const text = fc.string({ unit: "binary", maxLength: 20 });
const isoDate = z.codec(z.iso.datetime(), z.date(), {
  decode: (iso) => new Date(iso),
  encode: (date) => date.toISOString(),
});
const entries = z.codec(z.array(z.tuple([z.string(), z.int()])), z.map(z.string(), z.int()), {
  decode: (pairs) => new Map(pairs),
  encode: (map) => [...map],
});
const isBytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array);

const leaves: readonly Any[] = [
  of(text, z.string()),
  of(fc.maxSafeInteger(), z.int()),
  of(fc.double({ noNaN: true, noDefaultInfinity: true }), z.number()),
  of(fc.boolean(), z.boolean()),
  of(fc.constant(null), z.null()),
  of(fc.constantFrom("a", "b"), z.enum(["a", "b"])),
  of(fc.constantFrom(7, "x", false), z.literal([7, "x", false])),
  of(fc.uint8Array({ maxLength: 40 }), bytes({ max: 40 }), isBytes),
  of(fc.integer({ min: 1 }), id()),
  of(fc.uuid({ version: 4 }), uuid()),
  of(fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }), isoDate, z.date()),
  of(
    fc.array(fc.tuple(text, fc.integer())).map((pairs) => new Map(pairs)),
    entries,
    z.map(z.string(), z.int()),
  ),
];

const forbidden = new Set(["__proto__", "constructor", "prototype"]);
const key = text.filter((name) => !forbidden.has(name));
/** Names of top-level fields: those of contents may be neither `kind` nor `fallback`. A definition rejects `valueOf`. */
const fieldName = fc.oneof(
  { arbitrary: key, weight: 10 },
  { arbitrary: fc.constantFrom("timestamp", "a", "10", "text", "reply_to"), weight: 10 },
  { arbitrary: fc.constant("valueOf"), weight: 1 },
);

function inObject(fields: readonly (readonly [string, Any])[]): Any {
  // The time of the frame would become the value of an absent `timestamp`.
  const isRequired = ([name, field]: (typeof fields)[number]) =>
    !field.isOptional || name === "timestamp";
  const names = fields.map(([name]) => name);
  const shape = (schemas: readonly AnySchema[]) =>
    Object.fromEntries(names.map((name, at) => [name, schemas[at]!]));
  const values = Object.fromEntries(fields.map(([name, field]) => [name, field.values]));
  const requiredKeys = fields.filter(isRequired).map(([name]) => name);
  return made(
    fields.map(([, field]) => field),
    (...schemas) => z.object(shape(schemas)),
    fc.record(values, { requiredKeys }),
  );
}

function tagged(tag: string, value: Any): Any {
  return inObject([
    ["tag", of(fc.constant(tag), z.literal(tag))],
    ["value", value],
  ]);
}

const { object } = fc.letrec<{ part: Any; object: Any; field: Any }>((tie) => {
  const part = tie("part");
  const pair = fc.tuple(part, part);
  return {
    part: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      { arbitrary: fc.constantFrom(...leaves), weight: 4 },
      { arbitrary: tie("object"), weight: 2 },
      part.map((one) => made([one], (a) => z.array(a!), fc.array(one.values, { maxLength: 3 }))),
      part.map((one) =>
        made(
          [one],
          (a) => z.record(z.string(), a!),
          fc.dictionary(key, one.values, { maxKeys: 3 }),
        ),
      ),
      part.map((one) => made([one], (a) => z.nullable(a!), fc.option(one.values))),
      tie("object").map((one) => made([one], (a) => z.readonly(a!), one.values)),
      pair.map(([one, other]) =>
        made([one, other], (a, b) => z.tuple([a!, b!]), fc.tuple(one.values, other.values)),
      ),
      pair.map(([one, other]) =>
        made([one, other], (a, b) => z.union([a!, b!]), fc.oneof(one.values, other.values)),
      ),
      pair.map(([one, other]) => {
        const options = [tagged("a", one), tagged("b", other)];
        const values = fc.oneof(...options.map((option) => option.values));
        return made(options, (a, b) => z.discriminatedUnion("tag", [a, b] as never), values);
      }),
      fc.tuple(tie("object"), tie("object")).map(([one, other]) => {
        const values = fc
          .tuple(one.values, other.values)
          .map(([a, b]) => ({ ...(b as object), ...(a as object) }));
        return made([one, other], (a, b) => z.intersection(a!, b!), values);
      }),
    ),
    field: part.chain((one) => {
      const optional = made([one], (a) => z.optional(a!), one.values);
      return fc.constantFrom<Any>(one, one, { ...optional, isOptional: true });
    }),
    object: fc
      .uniqueArray(fc.tuple(fieldName, tie("field")), { selector: ([name]) => name, maxLength: 4 })
      .map(inObject),
  };
});

/** Generates schemas of plain objects. A definition may reject them, or their schema some of their values. */
export const schemas = object as fc.Arbitrary<SchemaWithValues<object>>;
