import * as z from "zod/mini";
import { compile } from "#compile";
import { listArgument, objectArgument, timeArgument } from "../arguments.js";
import { isUint8Array } from "../bytes.js";
import { unixNow } from "../clock.js";
import { INVALID_TYPE, isMessageType, MessageProtocol } from "../envelope/message-protocol.js";
import type { SigningKey } from "../envelope/signing-key.js";
import { type LacreError, ValidationError, type ValidationIssue } from "../errors.js";
import { isPlainObject } from "../wire/encode.js";
import { type Check, STOPPING_EARLY } from "./compile.none.js";
import { issuesOf } from "./issues.js";
import { accepts, mayBeAbsent, readsNilAsAbsent, withChanges, withoutNils } from "./nil.js";
import { examine, type WireSchema } from "./wire-schema.js";

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

/** Options of `MessageDefinition.toProtocol`. */
export interface ToProtocolOptions {
  /** Format of the frame. Default: 1. */
  readonly wire?: 1 | 2;
  /** Unix time in seconds of the frame, and of a payload without a `timestamp` of its own. Default: now. */
  readonly timestamp?: number;
}

/** Options of `defineMessage`. */
export interface DefinitionOptions<Schema extends PayloadSchema> {
  /** Optional fields that wire 1 writes as nil if they are absent, as version 1 clients do. */
  readonly nil?: readonly (keyof z.output<Schema> & string)[];
  /** Other types that `fromProtocol` accepts. */
  readonly aliases?: readonly string[];
  /**
   * Whether the `cause` of a ValidationError is the error that the schema's own code threw (a transform, a refinement).
   * That error may quote the rejected value, such as a password: use it for debugging only. Default: false.
   */
  readonly keepCause?: boolean;
}

/**
 * Defines a type of message. The library's own messages are defined in the same way.
 *
 * The sender and the receiver use the same schema. Where the application's form of a field is not the form in frames, use
 * `z.codec`: the sender encodes, the receiver decodes. Checks that change a value, such as `trim`, run at both ends.
 *
 * @param type - Name of the message in frames, 1 to 64 UTF-8 bytes.
 * @param schema - Schema of the payload, from zod or zod/mini: of a plain object of what frames can carry, which is nil,
 *   booleans, numbers, text, `bytes()`, arrays and plain objects.
 * @throws {ValidationError} if an argument is invalid, or the schema has a one-way transform or a field that a frame cannot
 *   carry.
 *
 * ```ts
 * const Poll = defineMessage("poll", z.object({ question: z.string(), options: z.array(z.string()) }));
 * const bytes = Poll.toProtocol({ question: "¿Vienes?", options: ["sí", "no"] }, key).toBytes();
 * Poll.fromProtocol(MessageProtocol.open(bytes, { key })).question;
 * ```
 */
export function defineMessage<const Type extends string, Schema extends PayloadSchema>(
  type: Type,
  schema: Schema,
  options: DefinitionOptions<Schema> = {},
): MessageDefinition<Type, Schema> {
  return new MessageDefinition(type, schema, options);
}

/**
 * A type of message: converts between values of its schema and messages in their envelope. Create it with `defineMessage`:
 * later versions add methods.
 */
export class MessageDefinition<Type extends string, Schema extends PayloadSchema> {
  /** Name of the message in frames. */
  readonly type: Type;
  /** Schema of the payload. */
  readonly schema: Schema;
  /** Other types that `fromProtocol` accepts. */
  readonly aliases: readonly string[];
  readonly #nil: readonly string[];
  readonly #keepsCause: boolean;
  /** Computed at the first use, so that an import costs nothing. In a separate object, because the definition is frozen. */
  readonly #cache: { traits?: Traits<Schema> } = {};

  /** @internal */
  constructor(type: Type, schema: Schema, options: DefinitionOptions<Schema>) {
    const { nil = [], aliases = [], keepCause = false } = objectArgument(options, "options");
    this.aliases = Object.freeze(listArgument(aliases, "options.aliases"));
    this.#nil = listArgument(nil, "options.nil");
    for (const name of [type, ...this.aliases]) {
      if (!isMessageType(name)) throw new ValidationError("message definition", [INVALID_TYPE]);
    }
    // A recursive schema can refer to one that is created after the definition: it is examined at the first use.
    assertCarried(type, examined(schema)?.issues ?? []);
    this.type = type;
    this.schema = schema;
    this.#keepsCause = keepCause;
    Object.freeze(this);
  }

  /**
   * Checks an untrusted value. Returns a copy without unknown fields.
   *
   * @throws {ValidationError} if the value does not match the schema.
   */
  parse(input: unknown): z.output<Schema> {
    return unwrap(this.safeParse(input));
  }

  /** Checks an untrusted value like `parse`, and returns an error instead of throwing it. */
  safeParse(input: unknown): ParseResult<z.output<Schema>> {
    return this.#check(input, copyOf);
  }

  /** Checks a value. `toResult` copies the checked value if the caller could still change its bytes. */
  #check(
    input: unknown,
    toResult = (value: z.output<Schema>) => value,
  ): ParseResult<z.output<Schema>> {
    return this.#attempt(({ check }) => {
      let read = this.#withoutNils(input);
      let value = check(read);
      if (value === undefined) {
        read = withoutNils(read, [this.schema]);
        value = check(read);
      }
      if (value !== undefined) return { success: true, value: toResult(value) };
      const issues = issuesOf(this.schema, read, z.safeParse);
      return { success: false, error: new ValidationError(this.type, issues) };
    });
  }

  /** Checks a value to send, and returns it in the form in which frames carry it. */
  #encode(value: unknown): ParseResult<Payload> {
    return this.#attempt(({ isOneForm, defaulted }) => {
      if (isOneForm) return this.#check(value) as ParseResult<Payload>;
      const filled = withDefaults(value, defaulted);
      const { success, data } = z.safeEncode(this.schema, filled as never, { ...STOPPING_EARLY });
      if (success) return { success, value: data as Payload };
      const issues = issuesOf(this.schema, filled, z.safeEncode as typeof z.safeParse);
      return { success, error: new ValidationError(this.type, issues) };
    });
  }

  #attempt<Value>(check: (traits: Traits<Schema>) => ParseResult<Value>): ParseResult<Value> {
    let traits: Traits<Schema>;
    try {
      traits = this.#schemaTraits();
    } catch (error) {
      // The schema could not be examined when it was defined.
      return { success: false, error: error as ValidationError };
    }
    try {
      return check(traits);
    } catch (cause) {
      // The schema is asynchronous, or its code throws. The thrown error may quote the input.
      const issue = { path: [], message: "cannot be checked against its schema" };
      const options = this.#keepsCause ? { cause } : undefined;
      return { success: false, error: new ValidationError(this.type, [issue], options) };
    }
  }

  /**
   * Checks a value and encodes it as a message.
   *
   * @param value - The payload, as `fromProtocol` returns it. Top-level fields with a default may be absent.
   * @param key - Key to sign with. Without it, the message is unsigned.
   * @throws {ValidationError} if the value does not match the schema, or cannot be encoded in a frame.
   * @throws {KeyError} if `key` is not a SigningKey.
   */
  toProtocol(
    value: ValueToSend<Schema>,
    key?: SigningKey,
    options: ToProtocolOptions = {},
  ): MessageProtocol {
    const { wire = 1, timestamp } = objectArgument(options, "options");
    if (timestamp !== undefined) timeArgument(timestamp, "options.timestamp");
    const { timesOnSend } = this.#schemaTraits();
    const timed = timesOnSend ? withTimestamp(value, timestamp ?? unixNow()) : value;
    const encoded = unwrap(this.#encode(timed));
    const payload = wire === 1 ? this.#withNils(encoded) : encoded;
    const message = new MessageProtocol({ type: this.type, payload, wire, timestamp });
    return key === undefined ? message : message.sign(key);
  }

  /**
   * Returns the checked payload of a message.
   *
   * @throws {DecodeError} if the payload is malformed. That of a message from `open` is not.
   * @throws {ValidationError} if the message has another type, or its payload does not match the schema.
   */
  fromProtocol(message: MessageProtocol): z.output<Schema> {
    if (message.type !== this.type && !this.aliases.includes(message.type)) {
      const issue = { path: ["type"], message: "is the type of another message" };
      throw new ValidationError(this.type, [issue]);
    }
    const { payload, timestamp } = message;
    const { timesOnReceipt } = this.#schemaTraits();
    return unwrap(this.#check(timesOnReceipt ? withTimestamp(payload, timestamp) : payload));
  }

  #schemaTraits(): Traits<Schema> {
    this.#cache.traits ??= traitsOf(this.schema, this.type, this.#nil);
    return this.#cache.traits;
  }

  /** Removes the nils that version 1 clients write in every message. Other nils are removed only after a check has failed. */
  #withoutNils(input: unknown): unknown {
    if (input === null || input === undefined) return input;
    const { omittedWhenNil } = this.#schemaTraits();
    const nils = omittedWhenNil.filter((key) => (input as Payload)[key] === null);
    if (nils.length === 0) return input;
    return withChanges(input as Payload, new Map(nils.map((key) => [key, undefined])));
  }

  /** Adds nils for absent fields, and sorts fields by the schema: version 1 clients compare signed bytes. */
  #withNils(payload: Payload): Payload {
    if (this.#nil.length === 0) return payload;
    const { inOrder } = this.#schemaTraits();
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
}

type Payload = Readonly<Record<string, unknown>>;

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
  /** Whether frames carry values in the form that the application uses. */
  readonly isOneForm: boolean;
  /** Fields that may be absent. A codec can encode only the value that their default gives. */
  readonly defaulted: readonly (readonly [key: string, field: z.core.$ZodType])[];
}

function traitsOf<Schema extends PayloadSchema>(
  schema: Schema,
  type: string,
  nil: readonly string[],
): Traits<Schema> {
  const { hasCodec, issues } = examined(schema) ?? UNREADABLE;
  assertCarried(type, issues);
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
      ...nil.map((key) => [key, null]),
    ]),
    omittedWhenNil: nil.filter(isOmittedWhenNil),
    // The frame has a time anyway: the receiver decodes that.
    timesOnSend: timesOnReceipt && examined(timestamp)?.hasCodec === false,
    timesOnReceipt,
    isOneForm: !hasCodec,
    defaulted: hasCodec ? Object.entries(shape).filter(([, field]) => mayBeAbsent(field)) : [],
  };
}

/** A time of a frame, in Unix seconds. */
const SOME_TIME = 1_700_000_000.5;

const UNREADABLE: WireSchema = {
  issues: [{ path: [], message: "has a part that throws an error when it is read" }],
  hasCodec: false,
};

/** Examines a schema. Returns undefined if a part of it throws, for example because it is not created yet. */
function examined(schema: unknown): WireSchema | undefined {
  try {
    return examine(schema);
  } catch {
    return undefined;
  }
}

/** @throws {ValidationError} if there are reasons why frames cannot carry the values of a type's schema. */
function assertCarried(type: string, issues: readonly ValidationIssue[]): void {
  if (issues.length > 0) throw new ValidationError(`schema of ${type}`, issues);
}

/** Adds a `timestamp` to a payload without one. */
function withTimestamp(payload: unknown, timestamp: number): unknown {
  if (typeof payload !== "object" || payload === null) return payload;
  const isAbsent = ((payload as Payload).timestamp ?? undefined) === undefined;
  return isAbsent ? withChanges(payload as Payload, new Map([["timestamp", timestamp]])) : payload;
}

/** Adds the default values of absent fields. */
function withDefaults(value: unknown, fields: Traits<PayloadSchema>["defaulted"]): unknown {
  if (!isPlainObject(value)) return value;
  const changes = new Map<string, unknown>();
  for (const [key, field] of fields) {
    if (value[key] === undefined) changes.set(key, z.safeParse(field, undefined).data);
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
function unwrap<Value>(result: ParseResult<Value>): Value {
  if (result.success) return result.value;
  throw result.error;
}
