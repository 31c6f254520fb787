import { invalidArgument } from "../arguments.js";
import type { ChatMessage } from "../messages/chat.js";
import type { OutgoingMessage } from "../session/events.js";
import { expiredAt } from "./expired.js";
import { memoryLock } from "./memory-lock.js";
import type { ClientStorage } from "./storage.js";

/**
 * Creates a storage in memory, for tests and for programs that keep nothing. One client at a time uses it.
 *
 * ```ts
 * const storage = memoryStorage();
 * const { outbox } = await storage.load(); // empty
 * ```
 */
export function memoryStorage(): ClientStorage {
  const outbox = new Map<string, OutgoingMessage>();
  const cursors = new Map<number, number>();
  const chats = new Map<number, Map<number, ChatMessage>>();

  return {
    lock: memoryLock(),
    load: async () => structuredClone({ outbox: [...outbox.values()], cursors: [...cursors] }),
    addOutgoing: async (message) => void outbox.set(message.client_id, structuredClone(message)),
    removeOutgoing: async (clientId) => void outbox.delete(clientId),
    async moveCursor(chatId, { from, to }, messages) {
      if ((cursors.get(chatId) ?? from) !== from) return;
      const chat = chats.get(chatId) ?? new Map<number, ChatMessage>();
      chats.set(chatId, chat);
      for (const seq of chat.keys()) if (to < from && seq > to) chat.delete(seq);
      for (const message of messages)
        if (message.seq !== undefined) chat.set(message.seq, structuredClone(message));
      cursors.set(chatId, to);
    },
    async messages(chatId, { before, limit }) {
      if (!(limit >= 1)) throw invalidArgument("page.limit", "must be at least 1");
      const found = [...(chats.get(chatId)?.values() ?? [])]
        .filter(({ seq = 0 }) => seq < before)
        .sort((one, other) => one.seq! - other.seq!)
        .slice(-limit);
      return structuredClone(found);
    },
    async expire(chatId, until) {
      const isExpired = expiredAt(until);
      const chat = chats.get(chatId) ?? new Map<number, ChatMessage>();
      for (const [seq, message] of chat) if (isExpired(message)) chat.delete(seq);
    },
    async clear() {
      for (const all of [outbox, cursors, chats]) all.clear();
    },
  };
}
