export type { Bytes } from "../../bytes.js";
export {
  type FrameGeneratorOptions,
  frame,
  type GeneratedFrame,
  type GeneratedMessageFrame,
  type GeneratedPlainFrame,
  messageFrame,
  type,
} from "./frames.js";
export {
  HOSTILE_KINDS,
  type HostileFrame,
  type HostileKind,
  hostileFrame,
} from "./hostile-frames.js";
export {
  ack,
  anyMessage,
  authRequest,
  authResponse,
  chatListResponse,
  chatMessage,
  devicesEvent,
  errorResponse,
  type GeneratedMessage,
  heartbeat,
  hello,
  messageListResponse,
  resume,
  statusEvent,
  welcome,
} from "./messages.js";
export {
  bytes,
  clientId,
  count,
  type GeneratedPayload,
  id,
  mapKey,
  number,
  payload,
  secret,
  signingKey,
  text,
  unixTime,
} from "./values.js";
