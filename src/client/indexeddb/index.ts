export type { MlsStorage, StoredChange } from "../mls/storage.js";
export type { ClientStorage, LockOptions } from "../storage.js";
export { indexedDbStorage } from "./indexeddb-storage.js";
export { mlsIndexedDbStorage } from "./mls-indexeddb-storage.js";
