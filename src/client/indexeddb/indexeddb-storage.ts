import { invalidArgument, objectArgument, textArgument } from "../../arguments.js";
import type { ChatMessage } from "../../messages/chat.js";
import type { OutgoingMessage } from "../../session/events.js";
import { expiredAt } from "../expired.js";
import type { ClientStorage } from "../storage.js";
import { clearStores, databaseOf, resultOf } from "./database.js";

const STORES = ["outbox", "cursors", "messages"];

/**
 * Opens a storage in IndexedDB, in the database `lacre ` + `name`. Use one name for each user and server. Messages are stored as
 * ciphertext. One tab at a time uses it, by a Web Lock of the same name; in a page without Web Locks (not over HTTPS) several
 * tabs may.
 *
 * @throws {ValidationError} if `name` is not text.
 *
 * ```ts
 * const storage = indexedDbStorage(`user ${user_id}`);
 * ```
 */
export function indexedDbStorage(name: string): ClientStorage {
  const { open, change, lock } = databaseOf(`lacre ${textArgument(name, "name")}`, createStores);

  return {
    lock,
    async load() {
      const transaction = (await open()).transaction(["outbox", "cursors"]);
      const cursors = transaction.objectStore("cursors");
      const [outbox, chats, seqs] = await Promise.all([
        resultOf<OutgoingMessage[]>(transaction.objectStore("outbox").getAll()),
        resultOf(cursors.getAllKeys()),
        resultOf<number[]>(cursors.getAll()),
      ]);
      return { outbox, cursors: chats.map((chat, at) => [chat as number, seqs[at]!] as const) };
    },
    addOutgoing: (message) =>
      change(["outbox"], (transaction) => void transaction.objectStore("outbox").add(message)),
    removeOutgoing: (clientId) =>
      change(["outbox"], async (transaction) => {
        const outbox = transaction.objectStore("outbox");
        const key = await resultOf(outbox.index("client_id").getKey(clientId));
        if (key !== undefined) outbox.delete(key);
      }),
    moveCursor: (chatId, { from, to }, messages) =>
      change(["cursors", "messages"], async (transaction) => {
        const cursors = transaction.objectStore("cursors");
        const stored = await resultOf<number | undefined>(cursors.get(chatId));
        if ((stored ?? from) !== from) return;
        const kept = transaction.objectStore("messages");
        if (to < from) kept.delete(IDBKeyRange.bound([chatId, to], [chatId, MAX_SEQ], true));
        for (const message of messages) if (message.seq !== undefined) kept.put(message);
        cursors.put(to, chatId);
      }),
    async messages(chatId, page) {
      const { before, limit } = objectArgument(page, "page");
      if (!(limit >= 1)) throw invalidArgument("page.limit", "must be at least 1");
      const kept = (await open()).transaction("messages").objectStore("messages");
      const range = IDBKeyRange.bound([chatId, 0], [chatId, before], false, true);
      const request = kept.openCursor(range, "prev");
      const messages: ChatMessage[] = [];
      for (;;) {
        const at = await resultOf(request);
        if (at === null || messages.length === limit) return messages.reverse();
        messages.push(at.value);
        at.continue();
      }
    },
    async expire(chatId, until) {
      const isExpired = expiredAt(until);
      await change(["messages"], async (transaction) => {
        const range = IDBKeyRange.bound([chatId, 0], [chatId, MAX_SEQ]);
        const request = transaction.objectStore("messages").openCursor(range);
        for (let at = await resultOf(request); at !== null; at = await resultOf(request)) {
          if (isExpired(at.value)) at.delete();
          at.continue();
        }
      });
    },
    clear: () => change(STORES, clearStores),
  };
}

const MAX_SEQ = Number.MAX_SAFE_INTEGER;

function createStores(database: IDBDatabase): void {
  // The generated keys increase, so their order is that of the messages.
  const outbox = database.createObjectStore("outbox", { autoIncrement: true });
  outbox.createIndex("client_id", "client_id", { unique: true });
  database.createObjectStore("cursors");
  database.createObjectStore("messages", { keyPath: ["chat_id", "seq"] });
}
