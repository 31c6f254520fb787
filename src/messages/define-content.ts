import type * as z from "zod/mini";
import { objectArgument } from "../arguments.js";
import { INVALID_TYPE, isMessageType } from "../envelope/message-protocol.js";
import { ValidationError } from "../errors.js";
import { isPlainObject } from "../wire/encode.js";
import {
  type Payload,
  PayloadConverter,
  type PayloadSchema,
  unwrap,
  type ValueToSend,
} from "./payload-converter.js";
import { examine } from "./wire-schema.js";

/** Options of `defineContent`. */
export interface ContentOptions<Schema extends PayloadSchema> {
  /**
   * Text that clients without this definition show instead, at most a few words: a text, or a function of the value that the
   * receiver gets.
   */
  readonly fallback: string | ((value: z.output<Schema>) => string);
}

/** Kinds with a meaning of their own: that of the protocol, and the one of contents that a reader does not know. */
const RESERVED_KINDS: readonly string[] = ["text", "unknown"];
/** Fields that the body of a content has beside those of its schema. */
const RESERVED_FIELDS = ["kind", "fallback"];

/**
 * Defines a kind of content of end-to-end encrypted messages, such as an image beside a text (docs/PROTOCOL.md, E-10). Pass it
 * in `contents` to `encryptMessage` and `decryptMessage` of `lacre/e2e`. Both ends use the same schema, as in `defineMessage`.
 *
 * @param kind - Name of the kind, 1 to 64 UTF-8 bytes; not `text` or `unknown`.
 * @param schema - Schema of the fields, as in `defineMessage`, without fields named `kind` or `fallback`. An absent
 *   `timestamp()` is the message's time.
 * @throws {ValidationError} if an argument is invalid, the schema has a reserved field, or `defineMessage` would reject it.
 *
 * ```ts
 * const Picture = defineContent("picture", z.object({ file_id: id(), alt: z.optional(z.string()) }), {
 *   fallback: ({ alt }) => alt ?? "A picture",
 * });
 * ```
 */
export function defineContent<const Kind extends string, Schema extends PayloadSchema>(
  kind: Kind,
  schema: Schema,
  options: ContentOptions<Schema>,
): ContentDefinition<Kind, Schema> {
  return new ContentDefinition(kind, schema, options);
}

/** A kind of content of end-to-end encrypted messages. Create it with `defineContent`: later versions add methods. */
export class ContentDefinition<Kind extends string, Schema extends PayloadSchema> {
  /** Name of the kind in message bodies. */
  readonly kind: Kind;
  /** Schema of the fields. */
  readonly schema: Schema;
  readonly #converter: PayloadConverter<Schema>;
  readonly #fallback: ContentOptions<Schema>["fallback"];

  /** @internal */
  constructor(kind: Kind, schema: Schema, options: ContentOptions<Schema>) {
    const { fallback } = objectArgument(options, "options");
    if (!isMessageType(kind)) throw invalid("kind", INVALID_TYPE.message);
    if (RESERVED_KINDS.includes(kind)) throw invalid("kind", `"${kind}" is reserved`);
    if (typeof fallback !== "string" && typeof fallback !== "function")
      throw invalid("options.fallback", "must be text, or a function that returns text");
    this.kind = kind;
    this.schema = schema;
    this.#fallback = fallback;
    const examineFields = (part: unknown) => examine(part, RESERVED_FIELDS);
    const converter = { nil: [], keepCause: false, examine: examineFields };
    this.#converter = new PayloadConverter(kind, schema, converter);
    Object.freeze(this);
  }

  /**
   * Returns the body of a content. An absent `timestamp()` becomes `timestamp`, Unix time in seconds.
   *
   * @throws {ValidationError} if the content does not match the schema.
   * @internal
   */
  encode(content: object, timestamp: number): Payload {
    const { kind: _, ...given } = content as Payload;
    const fields = this.#converter.encode(given, timestamp);
    const reserved = RESERVED_FIELDS.find((key) => Object.hasOwn(fields, key));
    if (reserved !== undefined) throw this.#invalid([reserved], "is reserved");
    // What the receiver gets. It also shows that the receiver accepts what is sent.
    const value = unwrap(this.#converter.decode(fields, timestamp));
    if (!isPlainObject(value)) throw this.#invalid([], "must decode to a plain object");
    const fallback = typeof this.#fallback === "string" ? this.#fallback : this.#fallback(value);
    if (typeof fallback !== "string") throw this.#invalid(["fallback"], "must be text");
    return { kind: this.kind, fallback, ...fields };
  }

  /**
   * Returns the content of a body, or undefined if its fields do not match the schema. An absent `timestamp()` becomes
   * `timestamp`, Unix time in seconds.
   *
   * @throws {ValidationError} if the schema could not be examined at its definition, and bodies cannot carry its values.
   * @internal
   */
  decode(body: Payload, timestamp: number): ContentOf<this> | undefined {
    const { kind: _, fallback: __, ...fields } = body;
    const result = this.#converter.decode(fields, timestamp);
    if (!result.success || !isPlainObject(result.value)) return undefined;
    return { ...result.value, kind: this.kind } as never;
  }

  #invalid(path: readonly string[], message: string): ValidationError {
    return new ValidationError(this.kind, [{ path, message }]);
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a definition takes and yields its own schema's values, so that only any spans all of them
export type AnyContentDefinition = ContentDefinition<string, any>;

/** The content of a definition, as `decryptMessage` returns it. */
export type ContentOf<Definition extends AnyContentDefinition> =
  Definition extends ContentDefinition<infer Kind, infer Schema extends PayloadSchema>
    ? WithKind<Kind, z.output<Schema>>
    : never;

/** A content of a definition to send: like `ContentOf`, but top-level fields with a default may be absent. */
export type ContentToSend<Definition extends AnyContentDefinition> =
  Definition extends ContentDefinition<infer Kind, infer Schema extends PayloadSchema>
    ? WithKind<Kind, ValueToSend<Schema>>
    : never;

// An empty object schema has the type Record<string, never>, in which `kind` could not have a value.
type WithKind<Kind extends string, Fields> =
  Fields extends Record<string, never> ? { readonly kind: Kind } : { readonly kind: Kind } & Fields;

function invalid(path: string, message: string): ValidationError {
  return new ValidationError("content definition", [{ path: path.split("."), message }]);
}
