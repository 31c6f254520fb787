export type { MlsStorage, StoredChange } from "../mls/storage.js";
export type { ClientStorage, LockOptions } from "../storage.js";
export { fileStorage } from "./file-storage.js";
export { type LockFileOptions, lockFile } from "./lock-file.js";
export { mlsFileStorage } from "./mls-file-storage.js";
