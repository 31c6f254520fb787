import * as z from "zod/mini";

type Schema = z.core.$ZodType;
type Reading = (input: unknown) => unknown;
type Def = {
  readonly type: string;
  readonly shape?: Readonly<Record<string, Schema>>;
  readonly element?: Schema;
  readonly innerType?: Schema;
};

/**
 * How to read what a Python peer sends for `schema`: it writes nil for an optional field that is absent. Fields that
 * accept nil keep it. Undefined where there is nothing to do.
 */
export function readingNilAsAbsent(schema: Schema): Reading | undefined {
  const { type, shape, element, innerType } = schema._zod.def as Def;
  if (shape !== undefined) return readingObject(shape);
  if (type === "array" && element !== undefined) {
    const readItem = readingNilAsAbsent(element);
    return readItem && ((input) => (Array.isArray(input) ? input.map(readItem) : input));
  }
  const isTransparent = type === "optional" || type === "nullable" || type === "readonly";
  return isTransparent && innerType !== undefined ? readingNilAsAbsent(innerType) : undefined;
}

function readingObject(shape: Readonly<Record<string, Schema>>): Reading | undefined {
  const omitted = Object.keys(shape).filter((key) => isOmittedWhenNil(shape[key]!));
  const nested = Object.keys(shape).flatMap((key) => {
    const read = readingNilAsAbsent(shape[key]!);
    return read ? [{ key, read }] : [];
  });
  if (omitted.length === 0 && nested.length === 0) return undefined;
  return (input) => {
    if (typeof input !== "object" || input === null) return input;
    const given = input as Readonly<Record<string, unknown>>;
    const nils = omitted.filter((key) => given[key] === null);
    const present = nested.filter(({ key }) => given[key] !== undefined && given[key] !== null);
    if (nils.length === 0 && present.length === 0) return input;
    const read = { ...given };
    for (const key of nils) delete read[key];
    for (const field of present) read[field.key] = field.read(given[field.key]);
    return read;
  };
}

function isOmittedWhenNil(field: Schema): boolean {
  return mayBeAbsent(field) && !z.safeParse(field, null).success;
}

/** Whether an input may leave the field out, be it optional or of a default. */
export function mayBeAbsent(field: Schema): boolean {
  return field._zod.optin !== undefined;
}
