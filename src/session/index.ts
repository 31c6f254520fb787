export { Channel, type DirectionKeys, directionKeys } from "./channel.js";
export { CLOSE, type CloseCode, closeCode, reconnectDelay } from "./close-codes.js";
export type {
  OutgoingMessage,
  RefusalReason,
  SessionAction,
  SessionEvent,
  SessionNotice,
} from "./events.js";
export { type Acceptance, acceptHello, type WelcomeOffer } from "./handshake.js";
export type { SessionOptions } from "./options.js";
export { answerResume, bodyDigest, fittingInFrame, isSameBody, markRefusal } from "./server.js";
export { Session } from "./session.js";
