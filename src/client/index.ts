export type { ChatCipher } from "../e2e/chat-cipher.js";
export { createClient } from "./create-client.js";
export { ClientError } from "./errors.js";
export type {
  ClientEvent,
  ClientStatus,
  ReadMessage,
  Unreadable,
  Watermarks,
} from "./events.js";
export { memoryStorage } from "./memory-storage.js";
export type { ClientOptions } from "./options.js";
export type {
  Connect,
  Socket,
  SocketListener,
  WebSocketConstructor,
  WebSocketLike,
} from "./socket.js";
export type { ClientStorage, LockOptions } from "./storage.js";
export type { Client, ClientReceipts } from "./types.js";
