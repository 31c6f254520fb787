export type { ClientStorage, LockOptions } from "../storage.js";
export { fileStorage } from "./file-storage.js";
export { type LockFileOptions, lockFile } from "./lock-file.js";
