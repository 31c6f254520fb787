import * as z from "zod/mini";

type Schema = z.core.$ZodType;
type Issues = readonly z.core.$ZodIssue[];
type Fields = Record<PropertyKey, unknown>;

/** Whether an input may leave the field out, be it optional or of a default. */
export function mayBeAbsent(field: Schema): boolean {
  return field._zod.optin !== undefined;
}

/** Whether the field may be absent, and has no other meaning for nil. */
export function readsNilAsAbsent(field: Schema): boolean {
  try {
    return mayBeAbsent(field) && !z.safeParse(field, null).success;
  } catch {
    return false;
  }
}

/**
 * The input without the fields that are nil and that `issues` complain of, or undefined if there are none. Peers write
 * nil for absent fields at any depth; what a schema requires it then misses. A nil in a list is an element, and stays.
 */
export function withoutRefusedNils(input: unknown, issues: Issues): unknown {
  const paths = [...pathsOf(issues, [])].filter((path) => isNilField(input, path));
  if (paths.length === 0) return undefined;
  const copies = new Set<unknown>();
  function copied(value: unknown): Fields {
    if (copies.has(value)) return value as Fields;
    const copy = Array.isArray(value) ? [...value] : { ...(value as Fields) };
    copies.add(copy);
    return copy as Fields;
  }
  const copy = copied(input);
  for (const path of paths) {
    let fields = copy;
    for (const key of path.slice(0, -1)) fields = fields[key] = copied(fields[key]);
    delete fields[path.at(-1)!];
  }
  return copy;
}

function* pathsOf(issues: Issues, base: readonly PropertyKey[]): Generator<PropertyKey[]> {
  for (const issue of issues) {
    const path = [...base, ...issue.path];
    yield path;
    if (issue.code === "invalid_union") {
      for (const alternative of issue.errors) yield* pathsOf(alternative, path);
    }
  }
}

function isNilField(input: unknown, path: readonly PropertyKey[]): boolean {
  let parent: unknown;
  let value = input;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return false;
    parent = value;
    value = (value as Fields)[key];
  }
  return value === null && parent !== undefined && !Array.isArray(parent);
}
