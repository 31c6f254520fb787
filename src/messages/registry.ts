import type * as z from "zod/mini";
import { assertDefinition, listArgument } from "../arguments.js";
import type { MessageProtocol } from "../envelope/message-protocol.js";
import { LacreError, ValidationError } from "../errors.js";
import type { MessageDefinition, ParseResult, PayloadSchema } from "./define-message.js";

// biome-ignore lint/suspicious/noExplicitAny: a definition takes and yields its own schema's values, so that only any spans all of them
type AnyDefinition = MessageDefinition<string, any>;

/** The result of `Registry.parse`, discriminated by `type`. */
export type Parsed<Definition extends AnyDefinition, Message extends MessageProtocol> =
  | (Definition extends MessageDefinition<infer Type, infer Schema extends PayloadSchema>
      ? { readonly type: Type; readonly value: z.output<Schema>; readonly message: Message }
      : never)
  | { readonly type: "unknown"; readonly message: Message };

/** Parses messages of several types. */
export interface Registry<Definition extends AnyDefinition> {
  /**
   * Parses a message by its type. A message of a type without a definition is returned as `unknown`, and is no error.
   *
   * @throws {DecodeError} if the payload is malformed. That of a message from `open` is not.
   * @throws {ValidationError} if the payload does not match the schema of its type.
   */
  parse<Message extends MessageProtocol>(message: Message): Parsed<Definition, Message>;
  /** Parses a message like `parse`, and returns a LacreError instead of throwing it. */
  safeParse<Message extends MessageProtocol>(
    message: Message,
  ): ParseResult<Parsed<Definition, Message>, LacreError>;
}

/**
 * Creates a registry of message definitions. A definition of a type takes precedence over an alias of the same name.
 *
 * @throws {ValidationError} if two definitions have the same type or alias, or if one has the type `unknown`.
 *
 * ```ts
 * const registry = createRegistry([ChatMessage, StatusEvent]);
 * const parsed = registry.parse(MessageProtocol.open(bytes, { key }));
 * if (parsed.type === "message") show(parsed.value.content);
 * ```
 */
export function createRegistry<const Definition extends AnyDefinition>(
  definitions: readonly Definition[],
): Registry<Definition> {
  const own = listArgument(definitions, "definitions");
  own.forEach(assertDefinition);
  const byType = new Map<string, AnyDefinition>();
  for (const definition of own) {
    if (byType.has(definition.type)) throw invalid(definition.type, "has two definitions");
    if (definition.type === "unknown")
      throw invalid("unknown", "is reserved for types without a definition");
    byType.set(definition.type, definition);
  }
  const defined = new Set(byType.keys());
  for (const definition of own) {
    for (const alias of definition.aliases) {
      if (defined.has(alias)) continue;
      if (byType.has(alias)) throw invalid(alias, "is the alias of two definitions");
      byType.set(alias, definition);
    }
  }

  function parse<Message extends MessageProtocol>(message: Message): Parsed<Definition, Message> {
    const definition = byType.get(message.type);
    if (definition === undefined) return { type: "unknown", message };
    const value = definition.fromProtocol(message);
    return { type: definition.type, value, message } as Parsed<Definition, Message>;
  }

  return {
    parse,
    safeParse(message) {
      try {
        return { success: true, value: parse(message) };
      } catch (error) {
        if (error instanceof LacreError) return { success: false, error };
        throw error;
      }
    },
  };
}

function invalid(type: string, message: string): ValidationError {
  return new ValidationError("registry", [{ path: [type], message }]);
}
