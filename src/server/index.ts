export type { Bytes } from "../bytes.js";
export { Channel, type DirectionKeys, directionKeys } from "../connection/channel.js";
export { CLOSE, type CloseCode, closeCode } from "../connection/close-codes.js";
export { httpKeys } from "../connection/http-keys.js";
export { messageDigest } from "../connection/message-digest.js";
export { acceptConnection } from "./accept-connection.js";
export { type Acceptance, acceptHello, type WelcomeOffer } from "./accept-hello.js";
export { answerHeartbeat, answerResume } from "./answers.js";
export type { ConnectionOptions } from "./connection-options.js";
export { encodeHttpAnswer } from "./http-answer.js";
export { type MemoryStoreOptions, memoryStore } from "./memory-store.js";
export type {
  ChatState,
  MessagePage,
  MessageQuery,
  MessageStore,
  Receipt,
  StoredMessage,
} from "./message-store.js";
export { messagesThatFit } from "./messages-that-fit.js";
export type { FrameChannel } from "./peer.js";
export { RejectionError } from "./rejection.js";
export type { ServerConnection } from "./server-connection.js";
export { statusErrorCode } from "./status-error-code.js";
