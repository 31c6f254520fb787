import type * as z from "zod/mini";
import { isOwnField, jsonSchemaOf } from "./fields.js";
import { accepts } from "./nil.js";

// What each part of a schema can carry, but their combination cannot: for example, a receiver could take what one option of a
// union wrote for the value of another. Options that convert nothing are no problem, because their values are the same.

type Schema = z.core.$ZodType;

/** The parts of a zod schema that matter here. Each kind of schema has some of them. */
interface Definition {
  readonly type: string;
  readonly in?: Schema;
  readonly out?: Schema;
  readonly innerType?: Schema;
  readonly left?: Schema;
  readonly right?: Schema;
  readonly element?: Schema;
  readonly rest?: Schema | null;
  readonly keyType?: Schema;
  readonly valueType?: Schema;
  readonly catchall?: Schema;
  readonly options?: readonly Schema[];
  readonly items?: readonly Schema[];
  readonly shape?: Readonly<Record<string, Schema>>;
  readonly getter?: () => Schema;
  readonly discriminator?: string;
  readonly inclusive?: boolean;
  readonly reverseTransform?: unknown;
}

const definitionOf = (schema: Schema) => schema._zod.def as unknown as Definition;

/** Returns why frames cannot carry all values of a schema. Does not examine its parts. */
export function conflictsIn(schema: Schema): string[] {
  const { type, left, right, keyType, element } = definitionOf(schema);
  const conflicts: string[] = [];
  const mistaken = mistakenOptions(definitionOf(schema));
  if (mistaken)
    conflicts.push(
      `option ${mistaken[0]} may accept what option ${mistaken[1]} writes in a frame: use z.discriminatedUnion()`,
    );
  const shared = left && right && sharedField(left, right);
  if (shared !== undefined)
    conflicts.push(`both sides read the field ${shared}, and one converts it`);
  if (type === "readonly" && mayBeBytes(schema))
    conflicts.push("zod cannot freeze bytes: leave out readonly");
  if (keyType && converts(keyType))
    conflicts.push("keys in frames are texts: use a codec of the whole map");
  if (element?._zod.optout === "optional")
    conflicts.push("an array in a frame has no absent elements: use z.nullable()");
  return conflicts;
}

/** Properties of definitions that have schemas. Others are not read: some call the application's code. */
const PARTS = [
  ...(["in", "out", "innerType", "options", "left", "right"] as const),
  ...(["element", "items", "rest", "keyType", "valueType", "catchall"] as const),
];

/** Returns whether a part of a schema has one form in frames of a wire and another for the application. */
function converts(schema: Schema, seen = new Set<Schema>()): boolean {
  if (seen.has(schema)) return false;
  seen.add(schema);
  if (isOwnField(schema)) return jsonSchemaOf(schema)?.contentEncoding !== undefined;
  const def = definitionOf(schema);
  if (def.reverseTransform !== undefined) return true;
  const inside = [def.getter?.(), PARTS.map((name) => def[name]), Object.values(def.shape ?? {})];
  return inside.flat(2).some((part) => part && converts(part, seen));
}

/** How deep schemas are compared. Deeper parts count as alike. */
const MAX_DEPTH = 8;

/** Returns what a schema wraps, and its alternatives, as frames carry them. A nullable schema itself then stands for nil. */
function alternatives(schema: Schema, throughPipes: boolean, depth = 0): readonly Schema[] {
  const def = definitionOf(schema);
  const inner = def.getter?.() ?? def.innerType ?? (throughPipes ? def.in : undefined);
  const parts = def.options ?? (inner ? [inner] : []);
  // A catch accepts any value.
  const isLast = parts.length === 0 || isOwnField(schema) || def.type === "catch";
  if (isLast || depth > MAX_DEPTH) return [schema];
  const all = parts.flatMap((part) => alternatives(part, throughPipes, depth + 1));
  return def.type === "nullable" ? [...all, schema] : all;
}

/** Returns whether a schema's values can be bytes. */
function mayBeBytes(schema: Schema): boolean {
  return alternatives(schema, true).some((one) => isOwnField(one) && converts(one));
}

/** Returns the positions of two options of a union of which one may accept what the other writes. */
function mistakenOptions(def: Definition): readonly [number, number] | undefined {
  const { options = [], discriminator, inclusive } = def;
  if (discriminator !== undefined) return undefined;
  for (const [at, other] of options.entries()) {
    for (const [before, option] of options.entries()) {
      // The first option that accepts a value decodes it. Only one option of an exclusive union may.
      const isTried = inclusive === false ? before !== at : before < at;
      if (isTried && (converts(option) || converts(other)) && mayAccept(option, other, 0))
        return [before, at];
    }
  }
  return undefined;
}

/** Returns whether a schema may accept a value of another one, in a frame or before that one converts it. */
function mayAccept(schema: Schema, other: Schema, depth: number): boolean {
  if (depth > MAX_DEPTH || mayStrip(schema, other)) return true;
  const others = alternatives(other, true);
  return alternatives(schema, true).some((one) => others.some((two) => overlap(one, two, depth)));
}

/** Returns whether a schema accepts any object, and the other's values may be objects such as a Date or a Uint8Array. */
function mayStrip(schema: Schema, other: Schema): boolean {
  return alternatives(schema, false).some(
    (one) => acceptsAnyObject(one) && alternatives(other, false).some(mayBeInstance),
  );
}

function acceptsAnyObject(schema: Schema): boolean {
  const { shape } = definitionOf(schema);
  return shape !== undefined && Object.values(shape).every(({ _zod }) => _zod.optin !== undefined);
}

function mayBeInstance(schema: Schema): boolean {
  if (isOwnField(schema)) return converts(schema);
  const { type, out } = definitionOf(schema);
  return out ? alternatives(out, false).some(mayBeInstance) : !PRIMITIVE.test(type);
}

const PRIMITIVE =
  /^(string|number|int|boolean|bigint|literal|enum|null|nullable|template_literal)$/;

/** Types in frames. Bytes are text on wire 1. */
const TYPES: Readonly<Record<string, string>> = {
  ...{ object: "map", record: "map", array: "list", tuple: "list", string: "text" },
  ...{ template_literal: "text", number: "number", nan: "number", integer: "number" },
  boolean: "boolean",
};

function overlap(schema: Schema, other: Schema, depth: number): boolean {
  const [values, otherValues] = [valuesOf(schema), valuesOf(other)];
  if (values) return values.some((value) => accepts(other, value));
  if (otherValues) return otherValues.some((value) => accepts(schema, value));
  const [type, otherType] = [schema, other].map(
    (one) => TYPES[`${jsonSchemaOf(one)?.type ?? one._zod.def.type}`],
  );
  if (type !== undefined && otherType !== undefined && type !== otherType) return false;
  const { shape } = definitionOf(schema);
  const { shape: otherShape } = definitionOf(other);
  if (shape === undefined || otherShape === undefined) return true;
  // A field that one requires, and that the other never writes, tells them apart.
  return !Object.entries(shape).some(([key, field]) => {
    if (field._zod.optin !== undefined) return false;
    const otherField = Object.hasOwn(otherShape, key) ? otherShape[key] : undefined;
    return otherField ? !mayAccept(field, otherField, depth + 1) : !restOf(other);
  });
}

/** Returns the values of a schema that has few. */
function valuesOf(schema: Schema): readonly unknown[] | undefined {
  if (/^null(able)?$/.test(schema._zod.def.type)) return [null];
  return schema._zod.values && [...schema._zod.values];
}

/** Returns the schema of an object's unknown fields, if it keeps them. */
function restOf(object: Schema): Schema | undefined {
  const { catchall } = definitionOf(object);
  return catchall?._zod.def.type === "never" ? undefined : catchall;
}

/** Returns the key of a field that both sides of an intersection return, and that one of them converts. Any key is `*`. */
function sharedField(left: Schema, right: Schema): string | undefined {
  const [ofLeft, ofRight] = [fieldsOf(left), fieldsOf(right)];
  const find = (one: typeof ofLeft, other: typeof ofLeft) =>
    [...one].find(
      ([key, isConverted]) =>
        isConverted && (other.has(key) || other.has("*") || (key === "*" && other.size > 0)),
    )?.[0];
  return find(ofLeft, ofRight) ?? find(ofRight, ofLeft);
}

/** Returns the keys of the fields that a schema returns, and whether it converts them. */
function fieldsOf(schema: Schema): ReadonlyMap<string, boolean> {
  const fields = new Map<string, boolean>();
  const add = (key: string, isConverted: boolean) =>
    void fields.set(key, isConverted || fields.get(key) === true);
  for (const one of alternatives(schema, false)) {
    const { shape, left, right } = definitionOf(one);
    const rest = restOf(one);
    for (const [key, field] of Object.entries(shape ?? {})) add(key, converts(field));
    for (const side of left && right ? [left, right] : [])
      for (const [key, isConverted] of fieldsOf(side)) add(key, isConverted);
    if (rest) add("*", converts(rest));
    else if (!shape && !left) add("*", converts(one));
  }
  return fields;
}
