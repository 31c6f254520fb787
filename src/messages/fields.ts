import * as z from "zod/mini";
import { decodeBase64 } from "#native";
import { numberArgument, objectArgument } from "../arguments.js";
import { isBytes, isClientId, isWellFormed, lengthOf, UUID } from "../bytes.js";
import { unixNow } from "../clock.js";
import { MAX_UNIX_TIME } from "../limits.js";
import { isPlainObject } from "../wire/encode.js";

/** Schema of a bytes field: accepts a Uint8Array or canonical base64 text, and returns a Uint8Array. */
export interface BytesSchema extends z.ZodMiniType<Uint8Array, Uint8Array | string> {}
/** Schema of a text field. */
export interface TextSchema extends z.ZodMiniType<string, string> {}
/** Schema of a number field. */
export interface NumberSchema extends z.ZodMiniType<number, number> {}
/** Schema of a map field. */
export interface MapSchema<Value>
  extends z.ZodMiniType<Record<string, Value>, Record<string, Value>> {}
/** Schema of a `timestamp` field, by default the current time. */
export interface TimestampSchema extends z.ZodMiniType<number, number | undefined> {
  readonly _zod: z.ZodMiniType<number, number | undefined>["_zod"] & { optin: "optional" };
}

type JsonSchema = z.core.JSONSchema.BaseSchema;

// This module replaces zod's registry and zod's checks of numbers, which would add a kilobyte to a bundle.
const jsonSchemas = /* @__PURE__ */ new WeakMap<z.core.$ZodType, JsonSchema>();

function withJsonSchema<Schema extends z.core.$ZodType>(
  schema: Schema,
  jsonSchema: JsonSchema,
): Schema {
  jsonSchemas.set(schema, jsonSchema);
  return schema;
}

/** Returns the JSON Schema of a schema, or of the schema to which it adds checks. */
export function jsonSchemaOf(schema: z.core.$ZodType | undefined): JsonSchema | undefined {
  return schema && (jsonSchemas.get(schema) ?? jsonSchemaOf(schema._zod.parent));
}

/** Returns whether a schema is one of this module's, which both wires carry. */
export function isOwnField(schema: z.core.$ZodType): boolean {
  return jsonSchemaOf(schema) !== undefined;
}

/**
 * Sets the JSON Schema of bytes, texts, numbers and timestamps as JSON represents them. Pass it as `override` to zod's
 * `toJSONSchema`.
 *
 * ```ts
 * z.toJSONSchema(ChatMessage.schema, { override: jsonSchemaOverride, unrepresentable: "any" });
 * ```
 */
export function jsonSchemaOverride({
  zodSchema,
  jsonSchema,
}: {
  zodSchema: z.core.$ZodType;
  jsonSchema: JsonSchema;
}): void {
  const { type, catchall } = zodSchema._zod.def as { type: string; catchall?: unknown };
  // Parsing drops unknown fields, so JSON may have them, unless the schema has a rule for them.
  if (type === "object" && catchall === undefined) delete jsonSchema.additionalProperties;
  const ours = jsonSchemaOf(zodSchema);
  if (ours === undefined) return;
  for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
  Object.assign(jsonSchema, ours);
}

/**
 * Returns the schema of a bytes field with a length in bytes, for own messages too. Wire 1 and JSON represent it as base64
 * text (RFC 4648, section 4), so it also parses that.
 *
 * ```ts
 * const Picture = defineMessage("picture", z.object({ data: bytes({ max: 100_000 }), digest: bytes({ length: 32 }) }));
 * ```
 */
export function bytes(
  bounds: { readonly length: number } | { readonly min?: number; readonly max: number },
): BytesSchema {
  objectArgument(bounds, "bounds");
  const { min = 0, max } = "length" in bounds ? { min: bounds.length, max: bounds.length } : bounds;
  numberArgument(max, "bounds.max", numberArgument(min, "bounds.min", 0));
  const expected = min === max ? `${max} bytes` : `${min} to ${max} bytes`;
  const schema = z.codec(
    z.custom<Uint8Array | string>((input) => typeof input === "string" || isBytes(input), {
      error: `must be ${expected}, as a Uint8Array or base64 text`,
    }),
    z.custom<Uint8Array>(
      (value) => isBytes(value) && lengthOf(value) >= min && lengthOf(value) <= max,
      { error: `must be ${expected}` },
    ),
    {
      decode(input, { issues }) {
        const value = typeof input === "string" ? decodeBase64(input) : input;
        if (value !== undefined) return value;
        issues.push({ code: "custom", input, message: "must be canonical base64 text" });
        return z.NEVER;
      },
      encode: (value) => value,
    },
  );
  return withJsonSchema(schema, {
    type: "string",
    contentEncoding: "base64",
    minLength: base64Length(min),
    maxLength: base64Length(max),
  });
}

function base64Length(bytes: number): number {
  return Math.ceil(bytes / 3) * 4;
}

interface TextOptions {
  readonly pattern?: RegExp;
  readonly error?: string;
  /** Converts the text to the form that is checked and returned. */
  readonly prepare?: z.core.$ZodCheck<string>;
}

/** Replaces `z.string()`, whose patterns and methods would add to a bundle. */
const anyText = () =>
  z.custom<string>((input) => typeof input === "string", {
    error: ({ input }) => (input === undefined ? "is missing" : "must be of type string"),
  });

/** Returns the schema of well-formed text with a length in code points, which Python and JSON Schema count too. */
export function text(
  shortest: number,
  longest: number,
  { pattern, error, prepare }: TextOptions = {},
): TextSchema {
  const fitting = z.refine<string>(
    (value) => fits(value, shortest, longest) && (pattern?.test(value) ?? true),
    { error: error ?? `must be well-formed text of ${shortest} to ${longest} characters` },
  );
  const schema = anyText().check(...(prepare ? [prepare, fitting] : [fitting]));
  return withJsonSchema(schema, {
    type: "string",
    minLength: shortest,
    maxLength: longest,
    ...(pattern && { pattern: pattern.source }),
  });
}

function fits(value: string, shortest: number, longest: number): boolean {
  // A code point has one or two code units, so most texts need no counting.
  if (value.length < shortest || value.length > 2 * longest || !isWellFormed(value)) return false;
  if (value.length >= 2 * shortest && value.length <= longest) return true;
  let characters = 0;
  for (const _ of value) characters += 1;
  return characters >= shortest && characters <= longest;
}

/**
 * Returns the schema of a UUID in lower case other than the nil UUID (RFC 9562, section 5.9).
 *
 * ```ts
 * const Vote = defineMessage("vote", z.object({ poll: uuid(), choice: z.int() }));
 * ```
 */
export function uuid(): TextSchema {
  const schema = z.custom<string>(isClientId, {
    error: "must be a UUID in lower case, and not the nil UUID",
  });
  return withJsonSchema(schema, { type: "string", format: "uuid", pattern: UUID.source });
}

function number(
  fits: (value: number) => boolean,
  error: string,
  jsonSchema: JsonSchema,
): NumberSchema {
  const isNumber = (value: unknown) => Number.isFinite(value) && fits(value as number);
  return withJsonSchema(z.custom<number>(isNumber, { error }), jsonSchema);
}

/** Returns the schema of an integer within a range. */
export function integer(minimum: number, maximum = Number.MAX_SAFE_INTEGER): NumberSchema {
  return number(
    (value) => Number.isInteger(value) && value >= minimum && value <= maximum,
    `must be an integer from ${minimum} to ${maximum}`,
    { type: "integer", minimum, maximum },
  );
}

/**
 * Returns the schema of an id: a positive integer of at most 2^53 − 1.
 *
 * ```ts
 * const Invitation = defineMessage("invitation", z.object({ chat_id: id(), user_id: id() }));
 * ```
 */
export function id(): NumberSchema {
  return integer(1);
}

/** An integer of at least 0 and at most 2^53 − 1. */
export function count(): NumberSchema {
  return integer(0);
}

/** A span of time in seconds, which takes some. */
export function duration(): NumberSchema {
  return number((value) => value > 0, "must be a number of seconds above 0", {
    type: "number",
    exclusiveMinimum: 0,
  });
}

const UNIX_TIME = {
  type: "number",
  minimum: 0,
  maximum: MAX_UNIX_TIME,
  description: "Unix time in seconds",
} as const;

/** A map of any values. Their types are not checked, and they are not copied. */
export function map(): MapSchema<unknown> {
  const schema = z.custom<Record<string, unknown>>(isPlainObject, {
    error: "must be of type object",
  });
  return withJsonSchema(schema, { type: "object", additionalProperties: {} });
}

/** Returns the schema of a map of at most `maxEntries` numbers. */
export function numbers(maxEntries: number): MapSchema<number> {
  const fits = (input: unknown) => {
    if (!isPlainObject(input)) return false;
    const values = Object.values(input);
    return values.length <= maxEntries && values.every(Number.isFinite);
  };
  const schema = z.custom<Record<string, number>>(fits, {
    error: `must be a map of at most ${maxEntries} numbers`,
  });
  return withJsonSchema(schema, {
    type: "object",
    maxProperties: maxEntries,
    additionalProperties: { type: "number" },
  });
}

/** Returns the schema of a list of at most `maxLength` elements. It rejects a longer list before it checks any element. */
export function list<Element extends z.core.$ZodType>(
  element: Element,
  maxLength: number,
): z.ZodMiniArray<Element> {
  return z.array(element).check(z.maxLength(maxLength));
}

/** Returns the schema of a Unix time in seconds. */
export function unixTime(): NumberSchema {
  return number(
    (value) => value >= 0 && value <= MAX_UNIX_TIME,
    `must be a Unix time in seconds, not milliseconds, from 0 to ${MAX_UNIX_TIME}`,
    UNIX_TIME,
  );
}

/**
 * Returns the schema of a message's `timestamp`: Unix time in seconds. If a payload has none, it is the frame's time.
 *
 * ```ts
 * const Poll = defineMessage("poll", z.object({ question: z.string(), timestamp: timestamp() }));
 * ```
 */
export function timestamp(): TimestampSchema {
  return withJsonSchema(z._default(unixTime(), unixNow), {
    ...UNIX_TIME,
    description: "Unix time in seconds; by default now",
  }) as unknown as TimestampSchema;
}
