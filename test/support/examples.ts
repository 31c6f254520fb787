import {
  Ack,
  AuthRequest,
  AuthResponse,
  ChatListResponse,
  ChatMessage,
  ErrorResponse,
  Heartbeat,
  Hello,
  MessageListResponse,
  type MessageProtocol,
  Resume,
  type SigningKey,
  StatusEvent,
  type ToProtocolOptions,
  Welcome,
} from "../../src/index.js";
import { counting } from "./hex.js";

export const NOW = 1_700_000_000;
export const CLIENT_ID = "018bcfe5-687b-7abc-8def-0123456789ab";

const chatMessage: ChatMessage = {
  chat_id: 42,
  sender_id: 7,
  content: counting(144),
  nonce: counting(12),
  timestamp: NOW + 0.123,
  client_id: CLIENT_ID,
  seq: 3,
};

type Envelop = (key?: SigningKey, options?: ToProtocolOptions) => MessageProtocol;

/** One message of each kind, to be put in an envelope. */
export const everyMessage: Readonly<Record<string, Envelop>> = {
  auth: (...rest) =>
    AuthRequest.toProtocol(
      { username: "ana", password: "contraseña", device_id: "móvil" },
      ...rest,
    ),
  auth_response: (...rest) =>
    AuthResponse.toProtocol(
      { success: true, access_token: "a.b.c", user_id: 7, session_key: counting(32) },
      ...rest,
    ),
  message: (...rest) => ChatMessage.toProtocol(chatMessage, ...rest),
  status: (...rest) =>
    StatusEvent.toProtocol({ event_type: "read", user_id: 7, chat_id: 42, seq: 3 }, ...rest),
  error: (...rest) =>
    ErrorResponse.toProtocol(
      { error_code: "ERR_NOT_FOUND", error_message: "no such chat", details: { chat: { id: 42 } } },
      ...rest,
    ),
  chat_list: (...rest) =>
    ChatListResponse.toProtocol(
      {
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
      },
      ...rest,
    ),
  message_list: (...rest) =>
    MessageListResponse.toProtocol({ messages: [chatMessage], has_more: false }, ...rest),
  hello: (...rest) =>
    Hello.toProtocol({ nonce: counting(16), wires: [1, 2], capabilities: ["delivered"] }, ...rest),
  welcome: (...rest) =>
    Welcome.toProtocol(
      {
        nonce: counting(16),
        hello_nonce: counting(16),
        wire: 2,
        capabilities: [],
        limits: { frame_bytes: 1_048_576 },
        heartbeat: 30,
      },
      ...rest,
    ),
  ack: (...rest) =>
    Ack.toProtocol(
      { client_id: CLIENT_ID, chat_id: 42, message_id: 99, seq: 3, stored_at: NOW },
      ...rest,
    ),
  resume: (...rest) => Resume.toProtocol({ chat_id: 42, after: 3, limit: 100 }, ...rest),
  heartbeat: (...rest) => Heartbeat.toProtocol({ sent_at: NOW }, ...rest),
};

export const wires = [1, 2] as const;
