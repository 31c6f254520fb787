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
export function withoutNils(input: unknown, schema: Schema): unknown {
  return new Alternatives([schema]).withoutNils(input);
}

/** The schemas that a value may match: several inside of a union. */
class Alternatives {
  readonly readsNilAsAbsent: boolean;
  /** The map and list schemas among the schemas themselves, the schemas that they wrap, and their alternatives. */
  readonly #containers: readonly Schema[];
  // One object for all elements of a list: a frame can contain 65,000 empty lists or maps.
  readonly #fields = new Map<string | undefined, Alternatives>();

  constructor(readonly schemas: readonly Schema[]) {
    const facts = schemas.map(factsOf);
    this.readsNilAsAbsent = facts.some((one) => one.readsNilAsAbsent);
    this.#containers = [...new Set(facts.flatMap(({ containers }) => containers))];
  }

  withoutNils(input: unknown): unknown {
    if (typeof input !== "object" || input === null || this.#containers.length === 0) return input;
    if (Array.isArray(input)) return input.map((item, at) => this.#at(`${at}`).withoutNils(item));
    if (!isPlainObject(input)) return input;
    let changes: Map<string, unknown> | undefined;
    for (const key of Object.keys(input)) {
      const fields = this.#at(key);
      const value = input[key];
      const isAbsent = value === null && fields.readsNilAsAbsent;
      const read = isAbsent ? undefined : fields.withoutNils(value);
      if (read === value) continue;
      changes ??= new Map();
      changes.set(key, read);
    }
    if (changes === undefined) return input;
    // One alternative of a union may accept nil, and another may read it as absent.
    const isAccepted =
      this.#containers.length > 1 && this.schemas.some((schema) => accepts(schema, input));
    return isAccepted ? input : withChanges(input, changes);
  }

  /** Returns the schemas of a map's field, or of a list's element. */
  #at(key: string): Alternatives {
    const name = this.#containers.some((schema) => isNamed(schema, key)) ? key : undefined;
    let fields = this.#fields.get(name);
    if (fields === undefined) {
      fields = new Alternatives(this.#containers.flatMap((schema) => fieldOf(schema, key) ?? []));
      this.#fields.set(name, fields);
    }
    return fields;
  }
}

interface Facts {
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
  // Reading `defaultValue` calls the function of a default.
  const names = Object.keys(def).filter((name) => name !== "defaultValue") as (keyof typeof def)[];
  const parts = [(def as Parts).getter?.(), ...names.map((name) => def[name])].flat() as (
    | Schema
    | undefined
  )[];
  return parts.flatMap((part) => (part?._zod?.run ? containersOf(part) : []));
}

/** Returns whether a map schema has a field, or a tuple an element, of that name. */
function isNamed(schema: Schema, key: string): boolean {
  const { shape, items } = schema._zod.def as Parts;
  return Object.hasOwn(shape ?? items ?? {}, key);
}

/** Returns the schema of a map's field, or of a list's element. */
function fieldOf(schema: Schema, key: string): Schema | null | undefined {
  const { shape, items, catchall, rest, element, valueType } = schema._zod.def as Parts;
  return isNamed(schema, key) ? (shape ?? items)![key] : (catchall ?? rest ?? element ?? valueType);
}
