import * as z from "zod/mini";
import { decodeBase64 } from "#native";
import { isBytes, isClientId, isWellFormed, UUID } from "../bytes.js";
import { unixNow } from "../clock.js";
import { MAX_UNIX_TIME } from "../limits.js";

/** A field of bytes: takes a Uint8Array or canonical base64 text, yields a Uint8Array. */
export interface BytesSchema extends z.ZodMiniType<Uint8Array, Uint8Array | string> {}
/** A field of text. */
export interface TextSchema extends z.ZodMiniType<string, string> {}
/** A field of a number. */
export interface NumberSchema extends z.ZodMiniType<number, number> {}
/** A `timestamp`, which may be omitted and is then now. */
export interface TimestampSchema extends z.ZodMiniType<number, number | undefined> {
  readonly _zod: z.ZodMiniType<number, number | undefined>["_zod"] & { optin: "optional" };
}

type JsonSchema = z.core.JSONSchema.BaseSchema;

// Not zod's registry and not its checks of numbers, here and below: in a bundle they weigh a kilobyte.
const jsonSchemas = /* @__PURE__ */ new WeakMap<z.core.$ZodType, JsonSchema>();

function described<Schema extends z.core.$ZodType>(schema: Schema, jsonSchema: JsonSchema): Schema {
  jsonSchemas.set(schema, jsonSchema);
  return schema;
}

/** Of the schema itself, or of the one that it was made of by adding checks. */
function jsonSchemaOf(schema: z.core.$ZodType | undefined): JsonSchema | undefined {
  return schema && (jsonSchemas.get(schema) ?? jsonSchemaOf(schema._zod.parent));
}

/**
 * Gives bytes, texts and timestamps the JSON Schema of what travels as JSON; for the `override` of zod's `toJSONSchema`.
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
  // Unknown fields are dropped, and so allowed, unless the schema says otherwise itself.
  if (type === "object" && catchall === undefined) delete jsonSchema.additionalProperties;
  const ours = jsonSchemaOf(zodSchema);
  if (ours === undefined) return;
  for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
  Object.assign(jsonSchema, ours);
}

/** Bytes, of an exact length or of one within bounds. On wire 1 and in JSON they travel as base64 text. */
export function bytes(
  bounds: { readonly length: number } | { readonly min?: number; readonly max: number },
): BytesSchema {
  const { min = 0, max } = "length" in bounds ? { min: bounds.length, max: bounds.length } : bounds;
  const expected = min === max ? `${max} bytes` : `${min} to ${max} bytes`;
  const schema = z.pipe(
    z.custom<Uint8Array | string>((input) => typeof input === "string" || isBytes(input), {
      error: `must be ${expected}, as a Uint8Array or base64 text`,
    }),
    z.transform((input: Uint8Array | string, { issues }) => {
      const value = typeof input === "string" ? decodeBase64(input) : input;
      if (value === undefined) {
        issues.push({ code: "custom", input, message: "must be canonical base64 text" });
        return z.NEVER;
      }
      if (value.length < min || value.length > max) {
        issues.push({ code: "custom", input, message: `must be ${expected}` });
        return z.NEVER;
      }
      return value;
    }),
  );
  return described(schema, {
    type: "string",
    contentEncoding: "base64",
    minLength: base64Length(min),
    maxLength: base64Length(max),
  });
}

function base64Length(bytes: number): number {
  return Math.ceil(bytes / 3) * 4;
}

/** Well-formed text of so many characters (code points, as Python and JSON Schema count them). */
export function text(
  shortest: number,
  longest: number,
  pattern?: RegExp,
  said?: string,
): TextSchema {
  const error = said ?? `must be well-formed text of ${shortest} to ${longest} characters`;
  const schema = z.string().check(
    z.refine((value) => fits(value, shortest, longest) && (pattern?.test(value) ?? true), {
      error,
    }),
  );
  return described(schema, {
    type: "string",
    minLength: shortest,
    maxLength: longest,
    ...(pattern && { pattern: pattern.source }),
  });
}

function fits(value: string, shortest: number, longest: number): boolean {
  // A character has one or two code units, so that most values need no counting.
  if (value.length < shortest || value.length > 2 * longest || !isWellFormed(value)) return false;
  if (value.length >= 2 * shortest && value.length <= longest) return true;
  let characters = 0;
  for (const _ of value) characters += 1;
  return characters >= shortest && characters <= longest;
}

/** A UUID in lower case, which is not the nil UUID. */
export function uuid(): TextSchema {
  const schema = z.string().check(
    z.refine(isClientId, {
      error: "must be a UUID in lower case, and not the nil UUID",
    }),
  );
  return described(schema, { type: "string", format: "uuid", pattern: UUID.source });
}

function number(
  fits: (value: number) => boolean,
  error: string,
  jsonSchema: JsonSchema,
): NumberSchema {
  return described(z.number({ error }).check(z.refine(fits)), jsonSchema);
}

/** An integer within bounds. */
export function integer(minimum: number, maximum = Number.MAX_SAFE_INTEGER): NumberSchema {
  return number(
    (value) => Number.isInteger(value) && value >= minimum && value <= maximum,
    `must be an integer from ${minimum} to ${maximum}`,
    { type: "integer", minimum, maximum },
  );
}

/** A positive integer of at most 2^53 − 1. */
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

/** A time: Unix time in seconds. */
export function unixTime(): NumberSchema {
  return number(
    (value) => value >= 0 && value <= MAX_UNIX_TIME,
    `must be a Unix time in seconds, from 0 to ${MAX_UNIX_TIME}`,
    UNIX_TIME,
  );
}

/** The `timestamp` of a message: Unix time in seconds, by default now. */
export function timestamp(): TimestampSchema {
  return described(z._default(unixTime(), unixNow), {
    ...UNIX_TIME,
    description: "Unix time in seconds; by default now",
  }) as unknown as TimestampSchema;
}
