import { assertDefinition, objectArgument } from "../arguments.js";
import { type Bytes, copyOfBytes } from "../bytes.js";
import { MessageProtocol } from "../envelope/message-protocol.js";
import type { SigningKey } from "../envelope/signing-key.js";
import { ValidationError } from "../errors.js";
import { MAC_BYTES } from "../limits.js";
import type { MessageDefinition, PayloadSchema, ValueToSend } from "../messages/define-message.js";

/**
 * Encodes and signs the server's answer to an HTTP request (H-12 of docs/PROTOCOL.md). `request` is the 32 bytes that identify
 * the request: the `identity` of its frame, or the decoded header `Lacre-Request`.
 *
 * ```ts
 * const { client, server } = httpKeys(sessionKey);
 * const body = ChatMessage.toProtocol(message, client).toBytes();
 * const { identity } = MessageProtocol.open(body, { key: client });
 * const list = { chat_id: 42, messages, has_more: false };
 * const answer = encodeHttpAnswer(MessageListResponse, list, { key: server, request: identity });
 * ```
 *
 * @throws {ValidationError} if `request` is not 32 bytes, or the value does not match its schema.
 */
export function encodeHttpAnswer<Type extends string, Schema extends PayloadSchema>(
  definition: MessageDefinition<Type, Schema>,
  value: ValueToSend<Schema>,
  options: {
    readonly key: SigningKey;
    readonly request: Uint8Array;
    readonly wire?: 1 | 2 | undefined;
  },
): Bytes {
  assertDefinition(definition);
  const { key, request, wire = 2 } = objectArgument(options, "options");
  const tag = copyOfBytes(request);
  if (tag?.length !== MAC_BYTES) {
    const issue = { path: ["request"], message: `must have ${MAC_BYTES} bytes` };
    throw new ValidationError(definition.type, [issue]);
  }
  const { type, payload } = definition.toProtocol(value, undefined, { wire });
  // Pass no timestamp: on wire 1, `sign` then uses a later one for each answer (W1-4).
  const bound = new MessageProtocol({ type, payload: { ...payload, request: tag }, wire });
  return bound.sign(key).toBytes();
}
