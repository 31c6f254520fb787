export { Account, signIn } from "./account.js";
export { Api, type Bearer, type Page } from "./api.js";
export {
  ChatChanged,
  ChatNotEncrypted,
  ClientError,
  LoginEnded,
  NotLoggedIn,
  NotThisProtocol,
  ServerRefusal,
  SessionEnded,
  StoreError,
  Unreachable,
} from "./errors.js";
export { type ChatState, type MessengerEvent, type Tick, tickOf } from "./events.js";
export { type History, type HistoryPage, readHistory } from "./history.js";
export { toJson } from "./json.js";
export { loginInMemory, storesInMemory } from "./memory.js";
export { Messenger, type MessengerOptions } from "./messenger.js";
export { createChat, findChat, type OpenChat, openChat, openKeptChat } from "./open-chat.js";
export { type ReadMessage, readMessage, type Unreadable } from "./read-message.js";
export { type Connect, connectInBrowser, type Socket, type SocketListener } from "./socket.js";
export {
  type DeliveryStore,
  type KeyStore,
  Login,
  type LoginStore,
  type OpenStores,
  type OutboxStore,
  Pin,
  type PinStore,
  type Stores,
} from "./stores.js";
export { isSameName } from "./usernames.js";
