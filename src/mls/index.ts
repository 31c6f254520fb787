export type { Bytes } from "../bytes.js";
export type { PlatformCryptoKey } from "../crypto/aead.js";
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
export { DeviceLogError } from "./errors.js";
export { type LogChange, makeEntry } from "./make-entry.js";
export { RecoveryKey, readRecoveryKey } from "./recovery-key.js";
export { safetyNumber } from "./safety-number.js";
export type { EntrySigner } from "./signers.js";
