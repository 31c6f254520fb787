import type { Device } from "../../mls/device.js";
import { memoryLock } from "../memory-lock.js";
import { changesArgument } from "./changes.js";
import type { MlsStorage } from "./storage.js";

/**
 * Creates a storage of MLS chats in memory, for tests. Nothing is encrypted.
 *
 * ```ts
 * const storage = memoryMlsStorage();
 * ```
 */
export function memoryMlsStorage(): MlsStorage {
  const values = new Map<string, Uint8Array>();
  let device: Device | undefined;

  return {
    needsExport: false,
    lock: memoryLock(),
    loadDevice: async () => device,
    async saveDevice(saved) {
      device = saved;
    },
    get: async (key) => values.get(key)?.slice(),
    keys: async (prefix) => [...values.keys()].filter((key) => key.startsWith(prefix)).sort(),
    async write(changes) {
      for (const [key, value] of changesArgument(changes)) {
        if (value === undefined) values.delete(key);
        else values.set(key, value);
      }
    },
    async clear() {
      device = undefined;
      values.clear();
    },
  };
}
