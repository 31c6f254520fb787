import type { ClientStorage } from "./storage.js";

/** Returns the method `lock` of a storage in memory. It cannot be taken over. */
export function memoryLock(): NonNullable<ClientStorage["lock"]> {
  let isLocked = false;
  const waiting = new Set<() => void>();
  return async ({ signal, onWait }) => {
    if (isLocked) onWait();
    while (isLocked) {
      await new Promise<void>((resolve) => {
        waiting.add(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      signal.throwIfAborted();
    }
    isLocked = true;
    return () => {
      isLocked = false;
      for (const resolve of waiting) resolve();
      waiting.clear();
    };
  };
}
