import fc from "fast-check";
import type * as z from "zod/mini";
import { AEAD_NONCE_BYTES, MAX_ITERATIONS, MIN_ITERATIONS } from "../../limits.js";
import { AuthRequest, AuthResponse } from "../../messages/auth.js";
import { Ack, ChatMessage, StatusEvent } from "../../messages/chat.js";
import { Heartbeat, Hello, Resume, Welcome } from "../../messages/connection.js";
import type { MessageDefinition, PayloadSchema } from "../../messages/define-message.js";
import { DevicesEvent } from "../../messages/devices.js";
import { ErrorResponse } from "../../messages/error-response.js";
import { ChatListResponse, type ChatSummary, MessageListResponse } from "../../messages/lists.js";
import { bytes, clientId, count, id, mapKey, number, payload, text, unixTime } from "./values.js";

// Generates parsed values of the messages over their whole range: `definition.parse(value)` returns an equal value.

type Fields<Value> = { [Name in keyof Value]: fc.Arbitrary<Exclude<Value[Name], undefined>> };

/** Generates objects with these fields. The `optional` fields may be absent. */
function record<Value extends object>(
  fields: Required<Fields<Value>>,
  ...optional: (keyof Value)[]
): fc.Arbitrary<Value> {
  const requiredKeys = (Object.keys(fields) as (keyof Value)[]).filter(
    (key) => !optional.includes(key),
  );
  return fc.record(fields as Record<string, fc.Arbitrary<unknown>>, {
    requiredKeys: requiredKeys as string[],
    noNullPrototype: true,
  }) as unknown as fc.Arbitrary<Value>;
}

function username(): fc.Arbitrary<string> {
  const letters = [..."aZñßéΩж中あ가ا१7_-", "नी", "ก้", "क्ष", "l·l"];
  return fc
    .string({ unit: fc.constantFrom(...letters), minLength: 3, maxLength: 50 })
    .filter((name) => /[\p{L}\p{N}]/u.test(name) && [...name].length <= 50);
}

/** Generates values of AuthRequest. */
export function authRequest(): fc.Arbitrary<AuthRequest> {
  return record<AuthRequest>(
    {
      username: username(),
      password: text({ minLength: 6, maxLength: 100 }),
      device_id: text({ minLength: 1, maxLength: 100 }),
    },
    "device_id",
  );
}

/** Generates values of AuthResponse. */
export function authResponse(): fc.Arbitrary<AuthResponse> {
  const token = text({ minLength: 1, maxLength: 300 });
  return record<AuthResponse>(
    {
      success: fc.boolean(),
      access_token: token,
      refresh_token: token,
      user_id: id(),
      username: text({ minLength: 1, maxLength: 50 }),
      expires_in: count(),
      error: text({ maxLength: 200 }),
      session_key: bytes(32),
    },
    ...["access_token" as const, "refresh_token" as const, "user_id" as const],
    ...["username" as const, "expires_in" as const, "error" as const, "session_key" as const],
  );
}

/** Generates values of ChatMessage. Their content is random, and does not decrypt. */
export function chatMessage(): fc.Arbitrary<ChatMessage> {
  return record<ChatMessage>(
    {
      chat_id: id(),
      sender_id: id(),
      content: bytes(),
      nonce: bytes(AEAD_NONCE_BYTES),
      timestamp: unixTime(),
      message_id: id(),
      client_id: clientId(),
      seq: id(),
      epoch: count(),
      counter: count(),
      device: text({ minLength: 1, maxLength: 100 }),
      content_type: fc.constantFrom("proposal", "commit"),
      stored_at: unixTime(),
      follows: clientId(),
    },
    ...["message_id" as const, "client_id" as const, "seq" as const, "stored_at" as const],
    ...["epoch" as const, "counter" as const, "device" as const, "content_type" as const],
    "follows",
  );
}

/** Generates values of StatusEvent. */
export function statusEvent(): fc.Arbitrary<StatusEvent> {
  return record<StatusEvent>(
    {
      event_type: fc.constantFrom(
        ...(["typing", "read", "user_online", "user_offline"] as const),
        ...(["delivered", "chat_changed"] as const),
      ),
      user_id: id(),
      chat_id: id(),
      timestamp: unixTime(),
      seq: count(),
    },
    "chat_id",
    "seq",
  );
}

/** Generates values of ErrorResponse. */
export function errorResponse(): fc.Arbitrary<ErrorResponse> {
  return record<ErrorResponse>(
    {
      error_code: text({ minLength: 1, maxLength: 64 }),
      error_message: text({ maxLength: 200 }),
      details: payload(),
      timestamp: unixTime(),
    },
    "details",
  );
}

function chatSummary(): fc.Arbitrary<ChatSummary> {
  return record<ChatSummary>(
    {
      chat_id: id(),
      peer_id: id(),
      peer_name: text({ minLength: 1, maxLength: 50 }),
      encryption_type: text({ minLength: 1, maxLength: 50 }),
      auto_delete_hours: id(),
      salt: fc.uint8Array({ minLength: 16, maxLength: 64 }),
      iterations: fc.integer({ min: MIN_ITERATIONS, max: MAX_ITERATIONS }),
      key_check: bytes(16),
      last_seq: count(),
      unread: count(),
      expired_until: unixTime(),
      auto_delete_change: fc.record({ user_id: id(), changed_at: unixTime(), after: count() }),
      request: fc.constantFrom("incoming" as const, "outgoing" as const),
      is_blocked: fc.boolean(),
      suite: fc.integer({ min: 1, max: 65_535 }),
      epoch: count(),
      members: fc.array(
        fc.record({
          user_id: id(),
          username: text({ minLength: 1, maxLength: 50 }),
          role: fc.constantFrom("admin" as const, "member" as const, "invited" as const),
        }),
        { maxLength: 4 },
      ),
    },
    ...["auto_delete_hours" as const, "salt" as const],
    ...["iterations" as const, "key_check" as const],
    ...["expired_until" as const, "auto_delete_change" as const],
    ...["request" as const, "is_blocked" as const],
    ...["suite" as const, "epoch" as const, "members" as const],
  );
}

/** Generates values of ChatListResponse. */
export function chatListResponse(): fc.Arbitrary<ChatListResponse> {
  return record<ChatListResponse>({
    chats: fc.array(chatSummary(), { maxLength: 4 }),
    total: count(),
    page: id(),
  });
}

/** Generates values of MessageListResponse. */
export function messageListResponse(): fc.Arbitrary<MessageListResponse> {
  return record<MessageListResponse>(
    {
      messages: fc.array(chatMessage(), { maxLength: 4 }),
      total: count(),
      has_more: fc.boolean(),
      chat_id: id(),
      after: count(),
      through: count(),
    },
    ...["total" as const, "chat_id" as const, "after" as const, "through" as const],
  );
}

function capabilities(): fc.Arbitrary<string[]> {
  return fc.array(text({ minLength: 1, maxLength: 64 }), { maxLength: 4 });
}

/** Generates values of Hello. */
export function hello(): fc.Arbitrary<Hello> {
  return record<Hello>(
    {
      nonce: bytes(16),
      wires: fc.array(id(), { minLength: 1, maxLength: 4 }),
      capabilities: capabilities(),
      device_id: text({ minLength: 1, maxLength: 100 }),
    },
    "device_id",
  );
}

const duration = () => fc.oneof(id(), fc.double({ min: 2 ** -20, max: 2 ** 40, noNaN: true }));

/** Generates values of Welcome. */
export function welcome(): fc.Arbitrary<Welcome> {
  return record<Welcome>(
    {
      nonce: bytes(16),
      hello_nonce: bytes(16),
      wire: id(),
      capabilities: capabilities(),
      limits: fc.dictionary(mapKey(), number(), { maxKeys: 4, noNullPrototype: true }),
      heartbeat: duration(),
      reconnect_within: duration(),
    },
    "reconnect_within",
  );
}

/** Generates values of Ack. */
export function ack(): fc.Arbitrary<Ack> {
  return record<Ack>({
    client_id: clientId(),
    chat_id: id(),
    message_id: id(),
    seq: id(),
    stored_at: unixTime(),
  });
}

/** Generates values of Resume. */
export function resume(): fc.Arbitrary<Resume> {
  return record<Resume>({ chat_id: id(), after: count(), limit: id() });
}

/** Generates values of DevicesEvent. */
export function devicesEvent(): fc.Arbitrary<DevicesEvent> {
  return record<DevicesEvent>({ user_id: id(), last_seq: id() });
}

/** Generates values of Heartbeat. */
export function heartbeat(): fc.Arbitrary<Heartbeat> {
  return record<Heartbeat>(
    { sent_at: unixTime(), sent: count(), received: count() },
    "sent",
    "received",
  );
}

type AnyDefinition = MessageDefinition<string, PayloadSchema>;

/** A definition, and a parsed value of it. */
export interface GeneratedMessage {
  readonly definition: AnyDefinition;
  readonly value: object;
}

function of<Type extends string, Schema extends PayloadSchema>(
  definition: MessageDefinition<Type, Schema>,
  values: fc.Arbitrary<z.output<Schema>>,
): fc.Arbitrary<GeneratedMessage> {
  return values.map((value) => ({
    definition: definition as unknown as AnyDefinition,
    value: value as object,
  }));
}

/**
 * Generates messages of all types of docs/PROTOCOL.md, section 7, with equal probability.
 *
 * ```ts
 * fc.assert(fc.property(anyMessage(), ({ definition, value }) => definition.safeParse(value).success));
 * ```
 */
export function anyMessage(): fc.Arbitrary<GeneratedMessage> {
  return fc.oneof(
    of(AuthRequest, authRequest()),
    of(AuthResponse, authResponse()),
    of(ChatMessage, chatMessage()),
    of(StatusEvent, statusEvent()),
    of(ErrorResponse, errorResponse()),
    of(ChatListResponse, chatListResponse()),
    of(MessageListResponse, messageListResponse()),
    of(Hello, hello()),
    of(Welcome, welcome()),
    of(Ack, ack()),
    of(Resume, resume()),
    of(Heartbeat, heartbeat()),
    of(DevicesEvent, devicesEvent()),
  );
}
