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
  type PayloadSchema,
  Resume,
  StatusEvent,
  Welcome,
} from "../../src/index.js";
import { counting } from "../support/hex.js";

type AnyDefinition = MessageDefinition<string, PayloadSchema>;
type Fields = Record<string, unknown>;

const MAX_ID = Number.MAX_SAFE_INTEGER;
const NOW = 1_700_000_000;
const CLIENT_ID = "018bcfe5-687b-7abc-8def-0123456789ab";

const message = {
  chat_id: 42,
  sender_id: 7,
  content: new TextEncoder().encode("not encrypted here"),
  nonce: counting(12),
  timestamp: NOW,
};
const summary = {
  chat_id: 1,
  peer_id: 2,
  peer_name: "María José",
  encryption_type: "password",
  last_seq: 0,
  unread: 0,
};

/** Each message of section 7, without optional fields and with all of them. */
export const samples: readonly (readonly [
  definition: AnyDefinition,
  fields: { readonly bare: Fields; readonly optional: Fields; readonly extreme?: Fields },
])[] = [
  [
    AuthRequest,
    {
      bare: { username: "zoë_सीता-1", password: "contraseña" },
      optional: { device_id: "teléfono 📱" },
      extreme: {
        username: "ñ".repeat(50),
        password: "🔑".repeat(1024),
        device_id: "📱".repeat(100),
      },
    },
  ],
  [
    AuthResponse,
    {
      bare: { success: false },
      optional: {
        access_token: "abc.def",
        refresh_token: "ghi",
        user_id: 7,
        username: "ana",
        expires_in: 3600,
        error: "ninguno",
        session_key: counting(32),
      },
      extreme: {
        access_token: "a".repeat(8192),
        refresh_token: "r".repeat(8192),
        user_id: MAX_ID,
        expires_in: 0,
        error: "",
      },
    },
  ],
  [
    ChatMessage,
    {
      bare: message,
      optional: {
        message_id: 9,
        client_id: CLIENT_ID,
        seq: 3,
        epoch: 0,
        counter: 1,
        device: "reloj",
        content_type: "commit",
        follows: CLIENT_ID,
      },
      extreme: {
        chat_id: MAX_ID,
        sender_id: MAX_ID,
        message_id: MAX_ID,
        seq: MAX_ID,
        content: new Uint8Array(70_000).fill(0xff),
        timestamp: 1_700_000_000.123,
      },
    },
  ],
  [
    StatusEvent,
    {
      bare: { event_type: "typing", user_id: 7, timestamp: NOW },
      optional: { chat_id: 42, seq: 0 },
      extreme: { event_type: "read", user_id: MAX_ID, chat_id: MAX_ID, seq: MAX_ID },
    },
  ],
  [
    ErrorResponse,
    {
      bare: { error_code: "rate_limited", error_message: "", timestamp: NOW + 0.5 },
      optional: { details: { retry_after: 30, limits: [{ per: "minute", of: [1, 2.5, null] }] } },
      extreme: { error_message: "¡".repeat(1000), details: {}, timestamp: 0 },
    },
  ],
  [
    ChatListResponse,
    {
      bare: { chats: [summary], total: 0, page: 1 },
      optional: {
        chats: [
          {
            ...summary,
            auto_delete_hours: 24,
            salt: counting(16),
            iterations: 600_000,
            key_check: counting(16),
            last_seq: MAX_ID,
            unread: 70_000,
          },
          summary,
          {
            ...summary,
            encryption_type: "MLS",
            suite: 0xf00d,
            epoch: 3,
            members: [
              { user_id: 1, username: "zoë", role: "admin" },
              { user_id: 2, username: "María José", role: "member" },
              { user_id: 3, username: "सीता", role: "invited" },
            ],
          },
        ],
        total: 3,
      },
      extreme: { chats: [], total: MAX_ID, page: MAX_ID },
    },
  ],
  [
    MessageListResponse,
    {
      bare: { messages: [{ ...message, message_id: 1 }], has_more: false },
      optional: { total: 1, chat_id: 42, after: 0, through: 3 },
      extreme: { messages: [], total: MAX_ID, has_more: true },
    },
  ],
  [
    Hello,
    {
      bare: { nonce: counting(16), wires: [1], capabilities: [] },
      optional: { device_id: "portátil" },
      extreme: { wires: [1, 2, MAX_ID], capabilities: ["delivered", "c".repeat(64)] },
    },
  ],
  [
    Welcome,
    {
      bare: {
        nonce: counting(16),
        hello_nonce: counting(16),
        wire: 2,
        capabilities: ["delivered"],
        limits: { messages_per_second: 2.5, frame_bytes: 1_048_576 },
        heartbeat: 30,
      },
      optional: { reconnect_within: 7.5 },
    },
  ],
  [
    Ack,
    {
      bare: { client_id: CLIENT_ID, chat_id: 42, message_id: 9, seq: 3, stored_at: NOW + 0.25 },
      optional: {},
      extreme: { chat_id: MAX_ID, message_id: MAX_ID, seq: MAX_ID, stored_at: NOW },
    },
  ],
  [Resume, { bare: { chat_id: 42, after: 0, limit: 100 }, optional: {} }],
  [
    DevicesEvent,
    {
      bare: { user_id: 7, last_seq: 3 },
      optional: {},
      extreme: { user_id: MAX_ID, last_seq: MAX_ID },
    },
  ],
  [Heartbeat, { bare: { sent_at: NOW + 0.5 }, optional: { sent: 70_000, received: 3 } }],
];

/** Type, form, definition and fields of each sample, in each of its forms. */
export const cases = samples.flatMap(([definition, { bare, optional, extreme = {} }]) => {
  const forms: [string, Fields][] = [
    ["no optional field", bare],
    ["all optional fields", { ...bare, ...optional }],
    ["fields at their bounds", { ...bare, ...extreme }],
  ];
  return forms.map(([form, fields]) => [definition.type, form, definition, fields] as const);
});
