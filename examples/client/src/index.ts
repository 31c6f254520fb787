export { Account, signIn } from "./account.js";
export { Api, type Bearer, type ContactAction, type Page } from "./api.js";
export {
  type AutoDeleteChange,
  describeAutoDelete,
  describeExpiring,
  durationOf,
  storedAt,
} from "./auto-delete.js";
export { socketAddress, whyEnded } from "./connecting.js";
export { createMlsChat, suiteOf } from "./create-mls-chat.js";
export {
  ChatChangedError,
  ChatClosedError,
  ChatNotEncryptedError,
  ChatStartedOverError,
  ClientError,
  LoginEndedError,
  NotLoggedInError,
  NotThisProtocolError,
  RedirectedError,
  ServerRejectionError,
  SessionEndedError,
  StoppedError,
  StoreError,
  UnreachableError,
  UserChangedError,
} from "./errors.js";
export {
  type ChatState,
  type MessengerEvent,
  type Tick,
  tickOf,
  type WhyNotConnected,
} from "./events.js";
export { type History, type HistoryPage, readHistory } from "./history.js";
export { historyServerOf } from "./history-server.js";
export { toJson } from "./json.js";
export { loginInMemory, storesInMemory } from "./memory.js";
export { Messenger } from "./messenger.js";
export type { MessengerOptions } from "./messenger-options.js";
export { mlsServerOf } from "./mls-server.js";
export {
  createChat,
  findChat,
  isCreator,
  type OpenChat,
  openChat,
  openKeptChat,
  restartChat,
} from "./open-chat.js";
export { drawPassphrase, type WordLanguage } from "./passphrase/draw.js";
export {
  DRAWN_PASSPHRASE,
  judgePassphrase,
  type PassphraseVerdict,
  WEAK_PASSPHRASE_RISK,
} from "./passphrase/strength.js";
export { takeUnsent } from "./pending.js";
export { plainSentence, sentenceOf } from "./plain-sentence.js";
export { type ReadMessage, readMessage, type Unreadable } from "./read-message.js";
export { readServerAddress } from "./server-address.js";
export {
  type DeliveryStore,
  type KeyStore,
  Login,
  type LoginStore,
  type OpenStores,
  type OutboxStore,
  Pin,
  type PinStore,
  QueuedMessage,
  type Stores,
} from "./stores.js";
export { shownUnread } from "./unread.js";
