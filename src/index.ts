export type { Bytes } from "./bytes.js";
export type { FreshnessOptions } from "./envelope/freshness.js";
export { Keyring } from "./envelope/keyring.js";
export {
  type FrameOptions,
  type MessageFields,
  MessageProtocol,
  type OpenOptions,
  type VerifiedMessage,
} from "./envelope/message-protocol.js";
export { ReplayGuard } from "./envelope/replay-guard.js";
export { deriveSessionKey } from "./envelope/session-key.js";
export { SigningKey, type SigningKeyOptions } from "./envelope/signing-key.js";
export {
  DecodeError,
  DecryptError,
  FreshnessError,
  KeyError,
  LacreError,
  type LacreErrorCode,
  ValidationError,
  type ValidationIssue,
  VerifyError,
} from "./errors.js";
export { AuthRequest, AuthResponse } from "./messages/auth.js";
export { Ack, ChatMessage, StatusEvent } from "./messages/chat.js";
export { Heartbeat, Hello, Resume, Welcome } from "./messages/connection.js";
export {
  isSameUsername,
  preparePassword,
  prepareUsername,
  usernameKey,
} from "./messages/credentials.js";
export {
  type ContentDefinition,
  type ContentOf,
  type ContentOptions,
  type ContentToSend,
  defineContent,
} from "./messages/define-content.js";
export {
  type DefinitionOptions,
  defineMessage,
  type MessageDefinition,
  type ParseResult,
  type PayloadSchema,
  type ToProtocolOptions,
  type ValueToSend,
} from "./messages/define-message.js";
export { DevicesEvent } from "./messages/devices.js";
export { ErrorResponse } from "./messages/error-response.js";
export {
  type BytesSchema,
  bytes,
  id,
  jsonSchemaOverride,
  type NumberSchema,
  type TextSchema,
  type TimestampSchema,
  timestamp,
  uuid,
} from "./messages/fields.js";
export { ChatListResponse, ChatSummary, MessageListResponse } from "./messages/lists.js";
export { createRegistry, type Parsed, type Registry } from "./messages/registry.js";
export type { WireMap, WireValue } from "./wire/decode.js";
