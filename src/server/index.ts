export { Channel, type DirectionKeys, directionKeys } from "../connection/channel.js";
export { CLOSE, type CloseCode, closeCode } from "../connection/close-codes.js";
export { httpKeys } from "../connection/http-keys.js";
export { messageDigest } from "../connection/message-digest.js";
export { type Acceptance, acceptHello, type WelcomeOffer } from "./accept-hello.js";
export { answerHeartbeat, answerResume } from "./answers.js";
export { encodeHttpAnswer } from "./http-answer.js";
export { messagesThatFit } from "./messages-that-fit.js";
export { statusErrorCode } from "./status-error-code.js";
