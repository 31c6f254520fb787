import * as z from "zod/mini";

type Schema = z.core.$ZodType;
type Issues = readonly z.core.$ZodIssue[];
type Fields = Record<string, unknown>;

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
 * nil for absent fields at any depth; what a schema requires it then misses.
 */
export function withoutRefusedNils(input: unknown, issues: Issues): unknown {
  const paths = [...pathsOf(issues, [])].filter(
    (path) => path.length > 0 && valueAt(input, path) === null,
  );
  if (paths.length === 0) return undefined;
  const copy = copied(input);
  for (const path of paths) {
    const parent = valueAt(copy, path.slice(0, -1));
    if (isFields(parent)) delete parent[String(path.at(-1))];
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

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null
        ? (value as Record<PropertyKey, unknown>)[key]
        : undefined,
    input,
  );
}

function copied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copied);
  if (!isFields(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, copied(field)]));
}

function isFields(value: unknown): value is Fields {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !ArrayBuffer.isView(value)
  );
}
