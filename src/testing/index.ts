export type { Bytes } from "../bytes.js";
export type { ContractCase, ContractPart } from "./contract/contract-case.js";
export { ContractError, type ContractStep } from "./contract/contract-error.js";
export { contract } from "./contract/index.js";
export {
  type ContractFault,
  type ContractReport,
  type ContractResult,
  type RunOptions,
  runContract,
} from "./contract/run-contract.js";
export type {
  ContractSocket,
  ContractTarget,
  ContractUser,
  ContractUsers,
} from "./contract/target.js";
export type {
  InvalidDeviceKey,
  InvalidLayout,
  InvalidLogEntry,
  InvalidText,
  MlsVectors,
  PinnedLog,
  SafetyNumber,
  ValidCommitAad,
  ValidCredential,
  ValidDeviceKey,
  ValidDeviceLink,
  ValidDeviceLog,
  ValidRecoveryKey,
} from "./mls-vectors.js";
export {
  type EncryptedBytes,
  type EncryptedMessage,
  type InvalidBytes,
  type InvalidChatKey,
  type InvalidEncryption,
  type InvalidFrame,
  type InvalidHandshake,
  type InvalidKeptCheck,
  type InvalidKey,
  type InvalidMessage,
  type InvalidVector,
  type Padding,
  type Reception,
  type SessionKeyVector,
  type ValidBytes,
  type ValidChatKey,
  type ValidEncryption,
  type ValidFrame,
  type ValidHandshake,
  type ValidKeptCheck,
  type ValidKey,
  type ValidMessage,
  type Vector,
  type VectorBytes,
  type Vectors,
  type VectorValue,
  vectorBytes,
  vectorValue,
} from "./vectors.js";
