import { memoryStorage } from "lacre/client";
import type { ChatKey } from "lacre/e2e";
import { newDeviceId } from "./device-id.js";
import type { Login, LoginStore, Pin, QueuedMessage, Stores } from "./stores.js";

/** Creates a login store in memory. */
export function loginInMemory(): LoginStore {
  let login: Login | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let deviceId = newDeviceId();
  return {
    read: async () => login,
    async write(given) {
      login = given;
    },
    async remove() {
      login = undefined;
    },
    deviceId: async () => deviceId,
    async forgetDevice() {
      deviceId = newDeviceId();
    },
    exclusively(work) {
      const done = last.then(work, work);
      last = done;
      return done;
    },
  };
}

/** Creates the stores of one account in memory. */
export function storesInMemory(): Stores {
  const pins = new Map<number, Pin>();
  const outbox = new Map<string, QueuedMessage>();
  const keys = new Map<number, ChatKey>();
  const { load, moveCursor, messages, expire, clear } = memoryStorage();
  const cursor = async (chatId: number) => new Map((await load()).cursors).get(chatId);

  return {
    pins: {
      list: async () => [...pins.values()],
      add: async (pin) => void pins.set(pin.chat_id, pin),
    },
    outbox: {
      list: async () => [...outbox.values()],
      add: async (message) => void outbox.set(message.client_id, message),
      remove: async (clientId) => void outbox.delete(clientId),
    },
    deliveries: {
      ...{ cursor, moveCursor, messages, expire },
      async keep(chatId, page) {
        const at = await cursor(chatId);
        if (at !== undefined) await moveCursor(chatId, { from: at, to: at }, page);
      },
    },
    keys: {
      needsExport: false,
      get: async (chatId) => keys.get(chatId),
      put: async (chatId, key) => void keys.set(chatId, key),
      clear: async () => keys.clear(),
    },
    async clear() {
      for (const all of [pins, outbox, keys]) all.clear();
      await clear();
    },
  };
}
