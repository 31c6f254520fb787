import type { ChatMessage } from "lacre";
import { ChatKey } from "lacre/e2e";
import { StoreError } from "../errors.js";
import type {
  DeliveryStore,
  KeyStore,
  LoginStore,
  OpenStores,
  OutboxStore,
  PinStore,
  Stores,
} from "../stores.js";
import { openAccountDatabase, openBrowserDatabase, orStoreError } from "./database.js";

type AccountDatabase = Awaited<ReturnType<typeof openAccountDatabase>>;

/** What a person may choose about what their browser keeps. */
export interface BrowserChoices {
  /** Whether messages are kept, encrypted, to be read without a connection. They are unless somebody chose otherwise. */
  keepsHistory(): Promise<boolean>;
  setKeepsHistory(keeps: boolean): Promise<void>;
}

/** What this browser keeps, for all tabs of the page. */
export interface BrowserStores {
  readonly login: LoginStore;
  readonly choices: BrowserChoices;
  readonly openStores: OpenStores;
}

/** Opens the page's IndexedDB. Throws StoreError where the browser has none for it. */
export async function openBrowserStores(): Promise<BrowserStores> {
  const database = await openBrowserDatabase();
  const login: LoginStore = {
    read: () => orStoreError(database.get("login", "login")),
    write: async (value) => void (await orStoreError(database.put("login", value, "login"))),
    remove: () => orStoreError(database.delete("login", "login")),
    exclusively: (work) => navigator.locks.request("lacre login", work) as ReturnType<typeof work>,
  };
  const choices: BrowserChoices = {
    keepsHistory: async () => (await orStoreError(database.get("choices", "keepsHistory"))) ?? true,
    async setKeepsHistory(keeps) {
      await orStoreError(database.put("choices", keeps, "keepsHistory"));
    },
  };
  return {
    login,
    choices,
    openStores: async ({ user_id }) => storesIn(await openAccountDatabase(user_id), choices),
  };
}

/** Done once it outlives a loss of power, which browsers otherwise do not wait for. */
const ON_DISK = { durability: "strict" } as const;

function storesIn(database: AccountDatabase, choices: BrowserChoices): Stores {
  return {
    pins: pinsIn(database),
    outbox: outboxIn(database),
    deliveries: deliveriesIn(database, choices),
    keys: keysIn(database),
    async clear() {
      const names = [...database.objectStoreNames];
      const all = database.transaction(names, "readwrite");
      await orStoreError(
        Promise.all([...names.map((name) => all.objectStore(name).clear()), all.done]),
      );
    },
  };
}

function pinsIn(database: AccountDatabase): PinStore {
  return {
    list: () => orStoreError(database.getAll("pins")),
    add: async (pin) => void (await orStoreError(database.put("pins", pin))),
  };
}

function outboxIn(database: AccountDatabase): OutboxStore {
  return {
    list: () => orStoreError(database.getAll("outbox")),
    async add(message) {
      const { store, done } = database.transaction("outbox", "readwrite", ON_DISK);
      await orStoreError(Promise.all([store.add(message), done]));
    },
    async remove(clientId) {
      const { store, done } = database.transaction("outbox", "readwrite");
      const key = await orStoreError(store.index("client_id").getKey(clientId));
      if (key !== undefined) await orStoreError(store.delete(key));
      await orStoreError(done);
    },
  };
}

/** All seqs of a chat below one. */
const ofChat = (chatId: number, before = Number.MAX_SAFE_INTEGER) =>
  IDBKeyRange.bound([chatId, 0], [chatId, before], false, true);

function deliveriesIn(database: AccountDatabase, choices: BrowserChoices): DeliveryStore {
  const change = () => database.transaction(["cursors", "messages"], "readwrite", ON_DISK);
  const toKeep = async (messages: readonly ChatMessage[]) =>
    (await choices.keepsHistory()) ? messages.filter(({ seq }) => seq !== undefined) : [];
  return {
    cursor: (chatId) => orStoreError(database.get("cursors", chatId)),
    async advance(chatId, cursor, messages) {
      const kept = await toKeep(messages);
      const both = change();
      const puts = kept.map((message) => both.objectStore("messages").put(message));
      const moved = both.objectStore("cursors").put(cursor, chatId);
      await orStoreError(Promise.all([...puts, moved, both.done]));
    },
    async keep(_, messages) {
      const kept = await toKeep(messages);
      const { store, done } = database.transaction("messages", "readwrite", ON_DISK);
      await orStoreError(Promise.all([...kept.map((message) => store.put(message)), done]));
    },
    async rewind(chatId, cursor) {
      const both = change();
      const past = IDBKeyRange.bound([chatId, cursor], [chatId, Number.MAX_SAFE_INTEGER], true);
      const dropped = both.objectStore("messages").delete(past);
      const moved = both.objectStore("cursors").put(cursor, chatId);
      await orStoreError(Promise.all([dropped, moved, both.done]));
    },
    async list(chatId, { before, limit }) {
      const { store } = database.transaction("messages");
      const messages = [];
      let at = await orStoreError(store.openCursor(ofChat(chatId, before), "prev"));
      while (at !== null && messages.length < limit) {
        messages.unshift(at.value);
        at = await orStoreError(at.continue());
      }
      return messages;
    },
    async expire(chatId, before) {
      const { store, done } = database.transaction("messages", "readwrite");
      let at = await orStoreError(store.openCursor(ofChat(chatId)));
      while (at !== null) {
        if (at.value.timestamp < before) await orStoreError(at.delete());
        at = await orStoreError(at.continue());
      }
      await orStoreError(done);
    },
  };
}

function keysIn(database: AccountDatabase): KeyStore {
  return {
    needsExport: false,
    async get(chatId) {
      const kept = await orStoreError(database.get("keys", chatId));
      return kept && ChatKey.from(kept.cryptoKey, { check: kept.check });
    },
    async put(chat_id, key) {
      const { cryptoKey, check } = key;
      if (cryptoKey === undefined) {
        throw new StoreError(
          "this browser has no WebCrypto for this page, and keeps no key without: open the page over https, or on localhost",
        );
      }
      await orStoreError(database.put("keys", { chat_id, cryptoKey, check }));
    },
    clear: () => orStoreError(database.clear("keys")),
  };
}
