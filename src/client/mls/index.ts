export { ClosedError } from "./background.js";
export { connectMls, MLS_CAPABILITIES } from "./connect-mls.js";
export { MlsHistory, type RestoredHistory } from "./history.js";
export type { ChunkPosition, HistoryServer, StoredChunk } from "./history-server.js";
export { memoryMlsStorage } from "./memory-storage.js";
export { MlsChats } from "./mls-chats.js";
export type { KeyPackageCount, MlsServer, StoredInvitation } from "./server.js";
export type { MlsStorage, StoredChange } from "./storage.js";
export type {
  LogReview,
  MlsChatInfo,
  MlsChatsOptions,
  MlsEvent,
  MlsMessage,
  UnsentContent,
} from "./types.js";
