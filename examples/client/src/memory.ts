import type { ChatMessage } from "lacre";
import type { ChatKey } from "lacre/e2e";
import { storedAt } from "./auto-delete.js";
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
  const cursors = new Map<number, number>();
  const keys = new Map<number, ChatKey>();
  let kept: ChatMessage[] = [];

  function keep(messages: readonly ChatMessage[]): void {
    const isNew = ({ chat_id, seq }: ChatMessage) =>
      !kept.some((one) => one.chat_id === chat_id && one.seq === seq);
    kept.push(...messages.filter(isNew));
  }

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
      cursor: async (chatId) => cursors.get(chatId),
      async advance(chatId, { from, to }, messages) {
        if ((cursors.get(chatId) ?? from) !== from) return;
        cursors.set(chatId, to);
        keep(messages);
      },
      async keep(_, messages) {
        keep(messages);
      },
      async rewind(chatId, cursor) {
        cursors.set(chatId, cursor);
        kept = kept.filter(({ chat_id, seq = 0 }) => chat_id !== chatId || seq <= cursor);
      },
      list: async (chatId, { before, limit }) =>
        kept
          .filter(({ chat_id, seq = 0 }) => chat_id === chatId && seq < before)
          .sort((one, other) => (one.seq ?? 0) - (other.seq ?? 0))
          .slice(-limit),
      async expire(chatId, until) {
        kept = kept.filter((message) => message.chat_id !== chatId || storedAt(message) > until);
      },
    },
    keys: {
      needsExport: false,
      get: async (chatId) => keys.get(chatId),
      put: async (chatId, key) => void keys.set(chatId, key),
      clear: async () => keys.clear(),
    },
    async clear() {
      for (const all of [pins, outbox, cursors, keys]) all.clear();
      kept = [];
    },
  };
}
