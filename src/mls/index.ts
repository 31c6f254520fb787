export type { Bytes } from "../bytes.js";
export type { PlatformCryptoKey } from "../crypto/aead.js";
export { type CommitStep, type MessageStep, MlsChat, type ReceivedStep } from "./chat.js";
export type {
  ChatChanges,
  ChatEvent,
  CommitRequest,
  ContentToEncrypt,
  DueCommit,
  Invitation,
  Logs,
  LostCommit,
  MessageIdentity,
  NewChat,
  Rejoin,
  RosterChange,
  UnreadableReason,
} from "./chat-types.js";
export {
  type KeyPackageHeader,
  type MessageHeader,
  readKeyPackageHeader,
  readMessageHeader,
} from "./clear-fields.js";
export type { Credential } from "./credential.js";
export { Device, type NewDeviceOptions } from "./device.js";
export { readDeviceLink, writeDeviceLink } from "./device-link.js";
export {
  DeviceLog,
  extendLog,
  type LogEntry,
  type LoggedDevice,
  type LogPin,
  readLog,
} from "./device-log.js";
export type { Suite } from "./engine-types.js";
export { DeviceLogError, HistoryError, MlsChatError } from "./errors.js";
export {
  decryptHistory,
  encryptHistory,
  encryptPins,
  readHistoryHeader,
} from "./history-chunk.js";
export { type HistoryKey, makeHistoryKey, readHistoryKey } from "./history-key.js";
export type {
  HistoryContents,
  HistoryHeader,
  HistoryMessage,
  HistoryPin,
} from "./history-types.js";
export { type LogChange, makeEntry } from "./make-entry.js";
export { RecoveryKey, readRecoveryKey } from "./recovery-key.js";
export { safetyNumber } from "./safety-number.js";
export type { EntrySigner } from "./signers.js";
