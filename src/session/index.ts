export type { Bytes } from "../bytes.js";
export type { DirectionKeys } from "../connection/channel.js";
export { CLOSE, type CloseCode, closeCode } from "../connection/close-codes.js";
export { httpKeys } from "../connection/http-keys.js";
export type {
  OutgoingMessage,
  RefusalReason,
  SessionAction,
  SessionEvent,
  SessionNotice,
} from "./events.js";
export { openHttpAnswer } from "./http-answer.js";
export type { SessionOptions } from "./options.js";
export { Session } from "./session.js";
