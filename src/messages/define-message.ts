import type * as z from "zod/mini";
import { listArgument, objectArgument, timeArgument } from "../arguments.js";
import { unixNow } from "../clock.js";
import { INVALID_TYPE, isMessageType, MessageProtocol } from "../envelope/message-protocol.js";
import type { SigningKey } from "../envelope/signing-key.js";
import { ValidationError } from "../errors.js";
import {
  type ParseResult,
  PayloadConverter,
  type PayloadSchema,
  unwrap,
  type ValueToSend,
} from "./payload-converter.js";
import { examine, type WireSchema } from "./wire-schema.js";

export type { ParseResult, PayloadSchema, ValueToSend } from "./payload-converter.js";

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
 * Defines a type of message. Its methods are those of the library's own messages.
 *
 * The sender and the receiver use the same schema. Where the application's form of a field is not the form in frames, use
 * `z.codec`: the sender encodes, the receiver decodes. Checks that change a value, such as `trim`, run at both ends.
 *
 * @param type - Name of the message in frames, 1 to 64 UTF-8 bytes.
 * @param schema - Schema of the payload, from zod or zod/mini: of a plain object of what frames can carry, which is nil,
 *   booleans, numbers, text, `bytes()`, arrays and plain objects.
 * @throws {ValidationError} if an argument is invalid, or the schema has a one-way transform, a part that a frame cannot
 *   carry, or a union or an intersection whose converted parts a receiver could not tell apart.
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
  return new MessageDefinition(type, schema, options, examine);
}

/** Defines a message of the protocol. Frames carry its values, as the tests show: its schema is not examined at each import. */
export function protocolMessage<const Type extends string, Schema extends PayloadSchema>(
  type: Type,
  schema: Schema,
  options: DefinitionOptions<Schema> = {},
): MessageDefinition<Type, Schema> {
  return new MessageDefinition(type, schema, options, () => CARRIED);
}

const CARRIED: WireSchema = { issues: [], hasCodec: false };

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
  readonly #converter: PayloadConverter<Schema>;

  /** @internal */
  constructor(
    type: Type,
    schema: Schema,
    options: DefinitionOptions<Schema>,
    examineSchema: typeof examine,
  ) {
    const { nil = [], aliases = [], keepCause = false } = objectArgument(options, "options");
    this.aliases = Object.freeze(listArgument(aliases, "options.aliases"));
    const ownNil = listArgument(nil, "options.nil");
    for (const name of [type, ...this.aliases]) {
      if (!isMessageType(name)) throw new ValidationError("message definition", [INVALID_TYPE]);
    }
    this.type = type;
    this.schema = schema;
    this.#converter = new PayloadConverter(type, schema, {
      nil: ownNil,
      keepCause,
      examine: examineSchema,
    });
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
    return this.#converter.safeParse(input);
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
    const encoded = this.#converter.encode(value, timestamp ?? unixNow());
    const payload = wire === 1 ? this.#converter.withNils(encoded) : encoded;
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
    return unwrap(this.#converter.decode(message.payload, message.timestamp));
  }
}
