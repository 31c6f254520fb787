import * as z from "zod/mini";
import { compile } from "#compile";
import { isUint8Array } from "../bytes.js";
import { type LacreError, ValidationError, type ValidationIssue } from "../errors.js";
import { isPlainObject } from "../wire/encode.js";
import { type Check, STOPPING_EARLY } from "./compile.none.js";
import { issuesOf } from "./issues.js";
import { accepts, mayBeAbsent, readsNilAsAbsent, withChanges, withoutNils } from "./nil.js";
import type { WireSchema } from "./wire-schema.js";

/** A zod schema (mini or classic) whose values are plain objects. */
export type PayloadSchema = z.core.$ZodType<object, object>;

/**
 * A value to send: as the receiver gets it from `fromProtocol`. Top-level fields with a default may be absent.
 */
export type ValueToSend<Schema extends PayloadSchema> = WithOptional<
  z.output<Schema>,
  OptionalKeys<z.input<Schema>>
>;

type OptionalKeys<Fields> = Fields extends unknown
  ? keyof { [Key in keyof Fields as object extends Pick<Fields, Key> ? Key : never]: unknown }
  : never;

type WithOptional<Fields, Keys> = Fields extends unknown
  ? { [Key in keyof Fields as Key extends Keys ? never : Key]: Fields[Key] } & {
      [Key in keyof Fields as Key extends Keys ? Key : never]?: Fields[Key];
    }
  : never;

/** The result of `safeParse`: the value, or the error that `parse` would throw. */
export type ParseResult<Value, Failure extends LacreError = ValidationError> =
  | { readonly success: true; readonly value: Value }
  | { readonly success: false; readonly error: Failure };

/** A map that a frame or an encrypted body carries. */
export type Payload = Readonly<Record<string, unknown>>;

interface ConverterOptions {
  /** Optional fields that wire 1 writes as nil if they are absent. */
  readonly nil: readonly string[];
  readonly keepCause: boolean;
  /** Examines a schema. It throws if the schema refers to one that is not created yet. */
  readonly examine: (schema: unknown) => WireSchema;
}

/** Converts between the values of a schema, which the application uses, and payloads. */
export class PayloadConverter<Schema extends PayloadSchema> {
  readonly #name: string;
  readonly #schema: Schema;
  readonly #options: ConverterOptions;
  /** Computed at the first use, so that an import costs nothing. */
  #traits: Traits<Schema> | undefined;

  /** @throws {ValidationError} if payloads cannot carry the values of the schema. */
  constructor(name: string, schema: Schema, options: ConverterOptions) {
    this.#name = name;
    this.#schema = schema;
    this.#options = options;
    // A recursive schema can refer to one that is created after the definition: it is examined at the first use.
    this.#assertCarried(this.#examine(schema)?.issues ?? []);
  }

  /** Checks a value and returns a copy of it without unknown fields, or an error. */
  safeParse(input: unknown): ParseResult<z.output<Schema>> {
    return this.#check(input, true);
  }

  /**
   * Returns the payload of a value. An absent `timestamp` becomes `timestamp`, Unix time in seconds.
   *
   * @throws {ValidationError} if the value does not match the schema.
   */
  encode(value: unknown, timestamp: number): Payload {
    const { timesOnSend, isNilTime } = this.#examined();
    const timed = timesOnSend ? withTimestamp(value, timestamp, isNilTime) : value;
    return unwrap(this.#encode(timed));
  }

  /**
   * Returns the value of a payload, or an error. An absent `timestamp` becomes `timestamp`, Unix time in seconds.
   *
   * @throws {ValidationError} if the schema could not be examined at its definition, and payloads cannot carry its values.
   */
  decode(payload: Payload, timestamp: number): ParseResult<z.output<Schema>> {
    const { timesOnReceipt, isNilTime } = this.#examined();
    return this.#check(timesOnReceipt ? withTimestamp(payload, timestamp, isNilTime) : payload);
  }

  /** Adds nils for absent fields, and sorts fields by the schema: version 1 clients compare signed bytes. */
  withNils(payload: Payload): Payload {
    if (this.#options.nil.length === 0) return payload;
    const { inOrder } = this.#examined();
    const ordered: Record<string, unknown> = { ...inOrder };
    for (const key of Object.keys(payload)) {
      const value = payload[key];
      if (value === undefined) continue;
      if (Object.hasOwn(inOrder, key)) ordered[key] = value;
      // A defined property `__proto__` is an ordinary key, which the encoder then rejects.
      else Object.defineProperty(ordered, key, { value, enumerable: true });
    }
    return ordered;
  }

  /** Checks a value. `isCallers` states that the caller could still change its bytes: the result then has copies of them. */
  #check(input: unknown, isCallers = false): ParseResult<z.output<Schema>> {
    return this.#attempt(({ check, isOneForm }) => {
      // A codec may put bytes of its input into a Map or an instance, which `copyOf` does not copy.
      let read = this.#withoutNils(isCallers && !isOneForm ? copyOf(input) : input);
      let value = check(read);
      if (value === undefined) {
        read = withoutNils(read, this.#schema);
        value = check(read);
      }
      if (value !== undefined) return { success: true, value: isCallers ? copyOf(value) : value };
      const issues = issuesOf(this.#schema, read, z.safeParse);
      return { success: false, error: new ValidationError(this.#name, issues) };
    });
  }

  /** Checks a value to send, and returns it in the form in which frames carry it. */
  #encode(value: unknown): ParseResult<Payload> {
    return this.#attempt(({ isOneForm }) => {
      if (isOneForm) return this.#check(value) as ParseResult<Payload>;
      const filled = withDefaults(this.#schema, value);
      const { success, data } = z.safeEncode(this.#schema, filled as never, { ...STOPPING_EARLY });
      if (success) return { success, value: data as Payload };
      const issues = issuesOf(this.#schema, filled, z.safeEncode as typeof z.safeParse);
      return { success, error: new ValidationError(this.#name, issues) };
    });
  }

  #attempt<Value>(check: (traits: Traits<Schema>) => ParseResult<Value>): ParseResult<Value> {
    let traits: Traits<Schema>;
    try {
      traits = this.#examined();
    } catch (error) {
      // The schema could not be examined when it was defined.
      return { success: false, error: error as ValidationError };
    }
    try {
      return check(traits);
    } catch (cause) {
      // The schema is asynchronous, or its code throws. The thrown error may quote the input.
      const issue = { path: [], message: "cannot be checked against its schema" };
      const options = this.#options.keepCause ? { cause } : undefined;
      return { success: false, error: new ValidationError(this.#name, [issue], options) };
    }
  }

  /** Removes the nils that version 1 clients write in every message. Other nils are removed only after a check has failed. */
  #withoutNils(input: unknown): unknown {
    if (input === null || input === undefined) return input;
    const { omittedWhenNil } = this.#examined();
    const nils = omittedWhenNil.filter((key) => (input as Payload)[key] === null);
    if (nils.length === 0) return input;
    return withChanges(input as Payload, new Map(nils.map((key) => [key, undefined])));
  }

  #examined(): Traits<Schema> {
    this.#traits ??= this.#computeTraits();
    return this.#traits;
  }

  #computeTraits(): Traits<Schema> {
    const schema = this.#schema;
    const { hasCodec, issues } = this.#examine(schema) ?? UNREADABLE;
    this.#assertCarried(issues);
    const { shape = {} } = schema._zod.def as { shape?: Record<string, z.core.$ZodType> };
    const isOmittedWhenNil = (key: string) =>
      shape[key] !== undefined && readsNilAsAbsent(shape[key]);
    const { timestamp } = shape;
    const mayOmitTimestamp = timestamp !== undefined && mayBeAbsent(timestamp);
    const timesOnReceipt = mayOmitTimestamp && accepts(timestamp, SOME_TIME);
    return {
      check: compile(schema),
      inOrder: Object.fromEntries([
        ...Object.keys(shape).map((key) => [key, undefined]),
        ...this.#options.nil.map((key) => [key, null]),
      ]),
      omittedWhenNil: this.#options.nil.filter(isOmittedWhenNil),
      // The frame has a time anyway: the receiver decodes that.
      timesOnSend: timesOnReceipt && this.#examine(timestamp)?.hasCodec === false,
      timesOnReceipt,
      isNilTime: timesOnReceipt && accepts(timestamp, null),
      isOneForm: !hasCodec,
    };
  }

  /** Examines a schema. Returns undefined if a part of it throws, for example because it is not created yet. */
  #examine(schema: unknown): WireSchema | undefined {
    try {
      return this.#options.examine(schema);
    } catch {
      return undefined;
    }
  }

  /** @throws {ValidationError} if there are reasons why payloads cannot carry the values of the schema. */
  #assertCarried(issues: readonly ValidationIssue[]): void {
    if (issues.length > 0) throw new ValidationError(`schema of ${this.#name}`, issues);
  }
}

/** The properties of a schema that a definition uses. */
interface Traits<Schema extends PayloadSchema> {
  readonly check: Check<Schema>;
  /** The fields in the schema's order with the value that wire 1 writes if a field is absent: nil, or undefined for none. */
  readonly inOrder: Readonly<Record<string, null | undefined>>;
  /** Fields that wire 1 writes as nil if they are absent, and that give nil no other meaning. */
  readonly omittedWhenNil: readonly string[];
  /** Whether the frame's time becomes the `timestamp` of a payload without one: the schema has an optional number there. */
  readonly timesOnSend: boolean;
  readonly timesOnReceipt: boolean;
  /** Whether the schema accepts nil as a `timestamp`. Otherwise nil means an absent timestamp. */
  readonly isNilTime: boolean;
  /** Whether frames carry values in the form that the application uses. */
  readonly isOneForm: boolean;
}

/** A time of a frame, in Unix seconds. */
const SOME_TIME = 1_700_000_000.5;

const UNREADABLE: WireSchema = {
  issues: [{ path: [], message: "has a part that throws an error when it is read" }],
  hasCodec: false,
};

/** Adds a `timestamp` to a payload without one. */
function withTimestamp(payload: unknown, timestamp: number, isNilTime: boolean): unknown {
  if (typeof payload !== "object" || payload === null) return payload;
  const given = (payload as Payload).timestamp;
  if (given !== undefined && (given !== null || isNilTime)) return payload;
  return withChanges(payload as Payload, new Map([["timestamp", timestamp]]));
}

/** The parts of a zod schema that may have the fields of a whole value. Each kind of schema has some of them. */
type Parts = Readonly<
  Partial<Record<"left" | "right" | "innerType" | "out", z.core.$ZodType>> & {
    readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
    readonly options?: readonly z.core.$ZodType[];
    readonly getter?: () => z.core.$ZodType;
  }
>;

/** Adds the default values of absent fields, because a codec can encode only a value. */
function withDefaults(schema: z.core.$ZodType, value: unknown): unknown {
  if (!isPlainObject(value)) return value;
  const { shape, left, right, options, getter, innerType, out } = schema._zod.def as Parts;
  if (left && right) return withDefaults(right, withDefaults(left, value));
  if (options) {
    const filled = options.map((option) => [option, withDefaults(option, value)] as const);
    return (
      filled.find(([option, one]) => accepts(option, one, z.safeEncode as never))?.[1] ?? value
    );
  }
  const inner = getter?.() ?? innerType ?? out;
  if (inner) return withDefaults(inner, value);
  const changes = new Map<string, unknown>();
  for (const [key, field] of Object.entries(shape ?? {})) {
    if (value[key] === undefined && mayBeAbsent(field))
      changes.set(key, z.safeParse(field, undefined).data);
  }
  return withChanges(value, changes);
}

/** Copies a value with its byte arrays, arrays and plain objects. */
function copyOf<Value>(value: Value): Value;
function copyOf(value: unknown): unknown {
  if (isUint8Array(value)) return new Uint8Array(value);
  if (Array.isArray(value)) return value.map(copyOf);
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, copyOf(part)]));
}

/** Returns the value of a result, or throws its error. */
export function unwrap<Value>(result: ParseResult<Value>): Value {
  if (result.success) return result.value;
  throw result.error;
}
