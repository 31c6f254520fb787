import { invalidArgument, objectArgument, textArgument } from "../../arguments.js";
import type { ChatMessage } from "../../messages/chat.js";
import type { OutgoingMessage } from "../../session/events.js";
import { expiredAt } from "../expired.js";
import type { ClientStorage, LockOptions } from "../storage.js";

export type { ClientStorage, LockOptions } from "../storage.js";

/** Completes a transaction only when the data survives a power failure. By default browsers do not wait for that. */
const ON_DISK = { durability: "strict" } as const;
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
  const fullName = `lacre ${textArgument(name, "name")}`;
  let opening: Promise<IDBDatabase> | undefined;

  function open(): Promise<IDBDatabase> {
    opening ??= openDatabase(fullName, () => {
      opening = undefined;
    });
    // Try again at the next call.
    opening.catch(() => {
      opening = undefined;
    });
    return opening;
  }

  /** Runs `work` in a transaction of some stores. Resolves when it is on disk. */
  async function change(
    stores: string[],
    work: (transaction: IDBTransaction) => Promise<unknown> | unknown,
  ): Promise<void> {
    const transaction = (await open()).transaction(stores, "readwrite", ON_DISK);
    const done = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error("the transaction ended"));
    });
    await Promise.all([work(transaction), done]);
  }

  return {
    async lock(options) {
      const release = await takeLock(fullName, options);
      return async () => {
        const database = await opening?.catch(() => undefined);
        opening = undefined;
        database?.close();
        release();
      };
    },
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
    clear: () =>
      change(STORES, (transaction) => {
        for (const store of STORES) transaction.objectStore(store).clear();
      }),
  };
}

/** Milliseconds that a client has to store what it has in hand when another one takes over. */
const TAKEOVER_TIMEOUT = 3000;
const MAX_SEQ = Number.MAX_SAFE_INTEGER;

/** Opens or creates the database. Calls `closed` when it can no longer be used. */
function openDatabase(name: string, closed: () => void): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => {
    const database = request.result;
    // The generated keys increase, so their order is that of the messages.
    const outbox = database.createObjectStore("outbox", { autoIncrement: true });
    outbox.createIndex("client_id", "client_id", { unique: true });
    database.createObjectStore("cursors");
    database.createObjectStore("messages", { keyPath: ["chat_id", "seq"] });
  };
  return resultOf(request).then((database) => {
    // Another tab deletes the database or upgrades it; or the user clears the site's data.
    database.onversionchange = () => {
      database.close();
      closed();
    };
    database.onclose = closed;
    return database;
  });
}

function resultOf<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * Takes a Web Lock. If it is stolen from another client, waits until that client has stored what it has in hand, or for 3 s.
 * Resolves with a function that releases the lock.
 */
async function takeLock(name: string, options: LockOptions): Promise<() => void> {
  const { locks } = navigator as { locks?: LockManager };
  if (locks === undefined) return () => {};
  // A client sends a message when it has ended its use, which may be before this one has the stolen lock.
  const channel = new BroadcastChannel(name);
  const ended = new Promise((resolve) => {
    channel.onmessage = resolve;
  });
  try {
    const { held = [] } = await locks.query();
    const release = await requestLock(locks, name, options);
    if (options.steal && held.some((lock) => lock.name === name))
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, TAKEOVER_TIMEOUT))]);
    return () => {
      channel.postMessage("ended");
      channel.close();
      release();
    };
  } catch (error) {
    channel.close();
    throw error;
  }
}

function requestLock(
  locks: LockManager,
  name: string,
  { signal, steal, onWait, onLost }: LockOptions,
): Promise<() => void> {
  return new Promise((resolve, reject) => {
    let isHeld = false;
    const hold = () =>
      new Promise<void>((release) => {
        isHeld = true;
        resolve(release);
      });
    const request = async () => {
      if (steal) return locks.request(name, { steal }, hold);
      const isTaken = await locks.request(name, { ifAvailable: true }, (lock) =>
        lock === null ? true : hold(),
      );
      if (isTaken !== true) return;
      onWait();
      await locks.request(name, { signal }, hold);
    };
    // A request rejects if it is aborted, or if its lock was stolen.
    request().catch((error) => (isHeld ? onLost() : reject(error)));
  });
}
