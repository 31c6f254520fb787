import {
  Ack,
  AuthRequest,
  AuthResponse,
  ChatListResponse,
  ChatMessage,
  DevicesEvent,
  ErrorResponse,
  Heartbeat,
  Hello,
  type MessageDefinition,
  MessageListResponse,
  type MessageProtocol,
  type PayloadSchema,
  Resume,
  type SigningKey,
  StatusEvent,
  type ToProtocolOptions,
  type ValueToSend,
  Welcome,
} from "../../src/index.js";
import { counting } from "./hex.js";

export const NOW = 1_700_000_000;
export const CLIENT_ID = "018bcfe5-687b-7abc-8def-0123456789ab";

/** Returns a pseudo-random text of this many letters, the same on each call. */
export function noise(length: number, alphabet = { from: 0x4e00, size: 20_000 }): string {
  let state = 1;
  return Array.from({ length }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return String.fromCodePoint(alphabet.from + (state % alphabet.size));
  }).join("");
}

const chatMessage: ChatMessage = {
  chat_id: 42,
  sender_id: 7,
  content: counting(144),
  nonce: counting(12),
  timestamp: NOW + 0.123,
  client_id: CLIENT_ID,
  seq: 3,
};

interface Example {
  readonly definition: Pick<typeof ChatMessage, "schema" | "parse" | "safeParse" | "fromProtocol">;
  readonly value: object;
  envelop(key?: SigningKey, options?: ToProtocolOptions): MessageProtocol;
}

function example<Type extends string, Schema extends PayloadSchema>(
  definition: MessageDefinition<Type, Schema>,
  value: ValueToSend<Schema>,
): Example {
  return {
    definition: definition as unknown as typeof ChatMessage,
    value,
    envelop: (key, options) => definition.toProtocol(value, key, options),
  };
}

/** One message of each type. */
export const everyMessage: Readonly<Record<string, Example>> = {
  auth: example(AuthRequest, { username: "ana", password: "contraseña", device_id: "móvil" }),
  auth_response: example(AuthResponse, {
    success: true,
    access_token: "a.b.c",
    user_id: 7,
    session_key: counting(32),
  }),
  message: example(ChatMessage, chatMessage),
  status: example(StatusEvent, { event_type: "read", user_id: 7, chat_id: 42, seq: 3 }),
  error: example(ErrorResponse, {
    error_code: "ERR_NOT_FOUND",
    error_message: "no such chat",
    details: { chat: { id: 42 } },
  }),
  chat_list: example(ChatListResponse, {
    chats: [
      {
        chat_id: 42,
        peer_id: 8,
        peer_name: "benito",
        encryption_type: "lacre/e2e/1",
        salt: counting(16),
        iterations: 600_000,
        key_check: counting(16),
        last_seq: 3,
        unread: 1,
      },
    ],
    total: 1,
    page: 1,
  }),
  message_list: example(MessageListResponse, { messages: [chatMessage], has_more: false }),
  hello: example(Hello, { nonce: counting(16), wires: [1, 2], capabilities: ["delivered"] }),
  welcome: example(Welcome, {
    nonce: counting(16),
    hello_nonce: counting(16),
    wire: 2,
    capabilities: [],
    limits: { frame_bytes: 1_048_576 },
    heartbeat: 30,
  }),
  ack: example(Ack, { client_id: CLIENT_ID, chat_id: 42, message_id: 99, seq: 3, stored_at: NOW }),
  resume: example(Resume, { chat_id: 42, after: 3, limit: 100 }),
  heartbeat: example(Heartbeat, { sent_at: NOW }),
  devices: example(DevicesEvent, { user_id: 7, last_seq: 3 }),
};

export const wires = [1, 2] as const;
