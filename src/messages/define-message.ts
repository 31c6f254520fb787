import type * as z from "zod/mini";
import { compile } from "#compile";
import { unixNow } from "../clock.js";
import { MessageProtocol } from "../envelope/message-protocol.js";
import type { SigningKey } from "../envelope/signing-key.js";
import { type LacreError, ValidationError } from "../errors.js";
import type { SafeParse } from "./compile.none.js";
import { inEnglish } from "./in-english.js";
import { mayBeAbsent, readsNilAsAbsent, withoutRefusedNils } from "./nil.js";

/** A zod schema (mini or classic) whose values are plain objects. */
export type PayloadSchema = z.core.$ZodType<object, object>;

/** What a parse comes to: the value, or the error that `parse` would throw. */
export type ParseResult<Value, Failure extends LacreError = ValidationError> =
  | { readonly success: true; readonly value: Value }
  | { readonly success: false; readonly error: Failure };

/** How to envelop a value. */
export interface ToProtocolOptions {
  /** The format of the frame. By default 1. */
  readonly wire?: 1 | 2;
  /** Unix time in seconds, also of a payload that leaves its own `timestamp` open. By default now. */
  readonly timestamp?: number;
}

/** How a message differs between wire 1 and its schema. */
export interface DefinitionOptions<Schema extends PayloadSchema> {
  /** Optional fields that wire 1 writes as nil where they are absent, as peers of the first version do. */
  readonly nil?: readonly (keyof z.output<Schema> & string)[];
  /** Other types under which this message is also read. */
  readonly aliases?: readonly string[];
}

/** One kind of message: its type, its schema, and the ways between a value and the message that carries it. */
export interface MessageDefinition<Type extends string, Schema extends PayloadSchema> {
  readonly type: Type;
  readonly schema: Schema;
  readonly aliases: readonly string[];
  /** Checks a value of unknown origin. Unknown fields are dropped. Throws ValidationError. */
  parse(input: unknown): z.output<Schema>;
  /** The same as `parse`, with a result in place of a throw. */
  safeParse(input: unknown): ParseResult<z.output<Schema>>;
  /** Checks a value and puts it in its envelope, signed if there is a key. Throws ValidationError. */
  toProtocol(
    value: z.input<Schema>,
    key?: SigningKey,
    options?: ToProtocolOptions,
  ): MessageProtocol;
  /** The value in a message of this type, or of an alias, on either wire. Throws DecodeError and ValidationError. */
  fromProtocol(message: MessageProtocol): z.output<Schema>;
}

/**
 * Defines a kind of message; the library's own are made by nothing else.
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
  { nil = [], aliases = [] }: DefinitionOptions<Schema> = {},
): MessageDefinition<Type, Schema> {
  return new Definition(type, schema, nil, aliases);
}

class Definition<Type extends string, Schema extends PayloadSchema>
  implements MessageDefinition<Type, Schema>
{
  readonly type: Type;
  readonly schema: Schema;
  readonly aliases: readonly string[];
  readonly #nil: readonly string[];
  #traits: Traits<Schema> | undefined;

  constructor(type: Type, schema: Schema, nil: readonly string[], aliases: readonly string[]) {
    this.type = type;
    this.schema = schema;
    this.aliases = aliases;
    this.#nil = nil;
  }

  parse(input: unknown): z.output<Schema> {
    return unwrapped(this.safeParse(input));
  }

  safeParse(input: unknown): ParseResult<z.output<Schema>> {
    try {
      return this.#check(this.#withoutNils(input));
    } catch (cause) {
      // A schema that is asynchronous, a transform that throws, more issues than zod can hold.
      const issue = { path: [], message: "cannot be checked against its schema" };
      return { success: false, error: new ValidationError(this.type, [issue], { cause }) };
    }
  }

  #check(input: unknown): ParseResult<z.output<Schema>> {
    const result = this.#schemaTraits().safeParse(input, IN_ENGLISH);
    if (result.success) return { success: true, value: result.data };
    const withoutNils = withoutRefusedNils(input, result.error.issues);
    if (withoutNils !== undefined) return this.#check(withoutNils);
    return { success: false, error: new ValidationError(this.type, result.error.issues) };
  }

  toProtocol(
    value: z.input<Schema>,
    key?: SigningKey,
    { wire = 1, timestamp }: ToProtocolOptions = {},
  ): MessageProtocol {
    const checked = this.parse(this.#timed(value, timestamp ?? unixNow())) as Payload;
    const payload = wire === 1 ? this.#withNils(checked) : checked;
    const message = new MessageProtocol({ type: this.type, payload, wire, timestamp });
    return key === undefined ? message : message.sign(key);
  }

  fromProtocol(message: MessageProtocol): z.output<Schema> {
    if (message.type !== this.type && !this.aliases.includes(message.type)) {
      const issue = { path: ["type"], message: "is another message's type" };
      throw new ValidationError(this.type, [issue]);
    }
    return this.parse(this.#timed(message.payload, message.timestamp));
  }

  /** Taken at first use, so that an import costs nothing. */
  #schemaTraits(): Traits<Schema> {
    this.#traits ??= traitsOf(this.schema, this.#nil);
    return this.#traits;
  }

  /** With the envelope's time where the payload has a `timestamp` and leaves it open. */
  #timed(payload: unknown, timestamp: number): unknown {
    if (!this.#schemaTraits().mayOmitTimestamp) return payload;
    if (typeof payload !== "object" || payload === null) return payload;
    const isOpen = ((payload as Payload).timestamp ?? undefined) === undefined;
    return isOpen ? { ...payload, timestamp } : payload;
  }

  /** Without the nils that first-version peers write in every message; others are looked for once they are complained of. */
  #withoutNils(input: unknown): unknown {
    if (input === null || input === undefined) return input;
    let read = input as Payload;
    for (const key of this.#schemaTraits().omittedWhenNil) {
      if (read[key] !== null) continue;
      const { [key]: _, ...rest } = read;
      read = rest;
    }
    return read;
  }

  /** In the order of the schema, as peers of the first version sign and compare bytes. */
  #withNils(payload: Payload): Payload {
    if (this.#nil.length === 0) return payload;
    const { inOrder } = this.#schemaTraits();
    const ordered: Record<string, unknown> = { ...inOrder };
    for (const key of Object.keys(payload)) {
      const value = payload[key];
      if (value === undefined) continue;
      if (Object.hasOwn(inOrder, key)) ordered[key] = value;
      // Defined, `__proto__` is a key like any other, which the encoder refuses.
      else Object.defineProperty(ordered, key, { value, enumerable: true });
    }
    return ordered;
  }
}

type Payload = Readonly<Record<string, unknown>>;

/** What a definition needs to know of its schema. */
interface Traits<Schema extends PayloadSchema> {
  readonly safeParse: SafeParse<Schema>;
  /** The fields in the schema's order, each as wire 1 writes it where it is absent: nil, or undefined for not at all. */
  readonly inOrder: Readonly<Record<string, null | undefined>>;
  /** Fields that are written as nil where they are absent, and for which nil means nothing else. */
  readonly omittedWhenNil: readonly string[];
  readonly mayOmitTimestamp: boolean;
}

function traitsOf<Schema extends PayloadSchema>(
  schema: Schema,
  nil: readonly string[],
): Traits<Schema> {
  const { shape = {} } = schema._zod.def as { shape?: Record<string, z.core.$ZodType> };
  const isOmittedWhenNil = (key: string) =>
    shape[key] !== undefined && readsNilAsAbsent(shape[key]);
  return {
    safeParse: compile(schema),
    inOrder: Object.fromEntries([
      ...Object.keys(shape).map((key) => [key, undefined]),
      ...nil.map((key) => [key, null]),
    ]),
    omittedWhenNil: nil.filter(isOmittedWhenNil),
    mayOmitTimestamp: shape.timestamp !== undefined && mayBeAbsent(shape.timestamp),
  };
}

/** The value of a result. Throws its error where there is none. */
export function unwrapped<Value>(result: ParseResult<Value>): Value {
  if (result.success) return result.value;
  throw result.error;
}

const IN_ENGLISH = { error: inEnglish };
