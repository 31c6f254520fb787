import * as z from "zod/mini";
import { setEntry } from "../wire/decode.js";
import { isPlainObject } from "../wire/encode.js";
import { STOPPING_EARLY } from "./compile.none.js";

type Schema = z.core.$ZodType;
type Fields = Readonly<Record<string, unknown>>;

/** Returns whether a field may be absent, because it is optional or has a default. */
export function mayBeAbsent(field: Schema): boolean {
  return field._zod.optin !== undefined;
}

/** Returns whether a field may be absent and gives nil no other meaning. */
export function readsNilAsAbsent(field: Schema): boolean {
  return mayBeAbsent(field) && !accepts(field, null);
}

/** Returns whether a schema accepts a value that it parses or encodes. A schema whose own code throws counts as accepting it. */
export function accepts(schema: Schema, value: unknown, convert = z.safeParse): boolean {
  try {
    // A copy, because safeEncode of zod below 4.4 changes its options.
    return convert(schema, value, { ...STOPPING_EARLY }).success;
  } catch {
    return true;
  }
}

/** Copies a map with other values for some keys. The value `undefined` removes a key. */
export function withChanges(map: Fields, changes: ReadonlyMap<string, unknown>): Fields {
  const copy = {};
  for (const key of Object.keys(map)) if (!changes.has(key)) setEntry(copy, key, map[key]);
  for (const [key, value] of changes) if (value !== undefined) setEntry(copy, key, value);
  return copy;
}

/**
 * Removes the nils of fields that read nil as absent, at any depth. Peers write nil for absent fields. A nil in a list is an
 * element, and stays.
 */
export function withoutNils(input: unknown, schemas: readonly Schema[]): unknown {
  const isList = Array.isArray(input);
  if (schemas.length === 0 || !(isList || isPlainObject(input))) return input;
  const around = [...new Set(schemas.flatMap((schema) => factsOf(schema).containers))];
  const fieldsAt = (key: string) => around.flatMap((schema) => fieldOf(schema, key) ?? []);
  if (isList) {
    const elements = fieldsAt("");
    const isTuple = around.some((schema) => "items" in schema._zod.def);
    return input.map((item, at) => withoutNils(item, isTuple ? fieldsAt(`${at}`) : elements));
  }
  const changes = new Map<string, unknown>();
  for (const key of Object.keys(input)) {
    const fields = fieldsAt(key);
    const value = input[key];
    const isAbsent = value === null && fields.some((field) => factsOf(field).readsNilAsAbsent);
    const read = isAbsent ? undefined : withoutNils(value, fields);
    if (read !== value) changes.set(key, read);
  }
  // One alternative of a union may accept nil, and another may read it as absent.
  const isRead =
    changes.size > 0 && !(around.length > 1 && schemas.some((schema) => accepts(schema, input)));
  return isRead ? withChanges(input, changes) : input;
}

interface Facts {
  /** The map and list schemas among the schema itself, the schemas that it wraps, and its alternatives. */
  readonly containers: readonly Schema[];
  readonly readsNilAsAbsent: boolean;
}

const knownFacts = /* @__PURE__ */ new WeakMap<Schema, Facts>();

function factsOf(schema: Schema): Facts {
  let facts = knownFacts.get(schema);
  if (facts === undefined) {
    facts = { containers: containersOf(schema), readsNilAsAbsent: readsNilAsAbsent(schema) };
    knownFacts.set(schema, facts);
  }
  return facts;
}

/** The parts of a zod schema. Each kind of schema has some of them. */
type Parts = Readonly<
  Partial<
    Record<"catchall" | "rest" | "element" | "valueType", Schema> &
      Record<"shape" | "items", Readonly<Record<string, Schema>>> & {
        readonly getter: () => Schema;
      }
  >
>;

function containersOf(schema: Schema): Schema[] {
  const { def } = schema._zod;
  if (/^(object|array|tuple|record)$/.test(def.type)) return [schema];
  const parts = [(def as Parts).getter?.(), ...Object.values(def)].flat() as (Schema | undefined)[];
  return parts.flatMap((part) => (part?._zod?.run ? containersOf(part) : []));
}

/** Returns the schema of a map's field, or of a list's element. */
function fieldOf(schema: Schema, key: string): Schema | null | undefined {
  const { shape, items, catchall, rest, element, valueType } = schema._zod.def as Parts;
  const named = shape ?? items;
  return named && Object.hasOwn(named, key)
    ? named[key]
    : (catchall ?? rest ?? element ?? valueType);
}
