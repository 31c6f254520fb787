import { type ChatMessage, KeyError } from "lacre";
import { ChatKey, type Encrypted } from "lacre/e2e";
import { storedAt } from "../auto-delete.js";
import { newDeviceId } from "../device-id.js";
import { StoreError } from "../errors.js";
import type {
  DeliveryStore,
  KeyStore,
  Login,
  LoginStore,
  OpenStores,
  OutboxStore,
  PinStore,
  Stores,
} from "../stores.js";
import { openAccountDatabase, openBrowserDatabase, orStoreError } from "./database.js";
import { nameHere } from "./page-server.js";

type AccountDatabase = Awaited<ReturnType<typeof openAccountDatabase>>;

/** The user's choices of the data that the browser stores. */
export interface BrowserChoices {
  /** Returns whether the browser stores encrypted messages, for reading them offline. By default true. */
  keepsHistory(): Promise<boolean>;
  setKeepsHistory(keeps: boolean): Promise<void>;
}

/** Stores the draft of each chat, encrypted with the chat's key. */
export interface DraftStore {
  get(chatId: number): Promise<Encrypted | undefined>;
  put(chatId: number, draft: Encrypted): Promise<void>;
  remove(chatId: number): Promise<void>;
}

/** Stores of this browser, shared by all tabs of the page. */
export interface BrowserStores {
  readonly login: LoginStore;
  readonly choices: BrowserChoices;
  readonly openStores: OpenStores;
  readonly openDrafts: (login: Login) => Promise<DraftStore>;
}

/**
 * Opens the page's IndexedDB. Calls `closed` if it closes while the page uses it, for example because the user clears the
 * site's data.
 *
 * @throws {StoreError} if the browser offers no IndexedDB to the page.
 */
export async function openBrowserStores(closed = () => {}): Promise<BrowserStores> {
  const database = await openBrowserDatabase(closed);
  const login: LoginStore = {
    read: () => orStoreError(() => database.get("login", "login")),
    write: async (value) => void (await orStoreError(() => database.put("login", value, "login"))),
    remove: () => orStoreError(() => database.delete("login", "login")),
    forgetDevice: () => orStoreError(() => database.delete("choices", "deviceId")),
    // Ignores the server, because a page has only one.
    async deviceId() {
      const known = await orStoreError(() => database.get("choices", "deviceId"));
      if (typeof known === "string") return known;
      const made = newDeviceId();
      await orStoreError(() => database.put("choices", made, "deviceId"));
      return made;
    },
    exclusively: (work) =>
      navigator.locks.request(nameHere("lacre login"), work) as ReturnType<typeof work>,
  };
  const choices: BrowserChoices = {
    keepsHistory: async () =>
      (await orStoreError(() => database.get("choices", "keepsHistory"))) !== false,
    async setKeepsHistory(keeps) {
      await orStoreError(() => database.put("choices", keeps, "keepsHistory"));
    },
  };
  return {
    login,
    choices,
    openDrafts: async ({ user_id }) => draftsIn(await openAccountDatabase(user_id, closed)),
    openStores: async ({ user_id }) =>
      storesIn(await openAccountDatabase(user_id, closed), choices),
  };
}

/** Completes a transaction only when the data survives a power failure. By default browsers do not wait for that. */
const ON_DISK = { durability: "strict" } as const;

function storesIn(database: AccountDatabase, choices: BrowserChoices): Stores {
  return {
    pins: pinsIn(database),
    outbox: outboxIn(database),
    deliveries: deliveriesIn(database, choices),
    keys: keysIn(database),
    clear: () =>
      orStoreError(async () => {
        const names = [...database.objectStoreNames];
        const all = database.transaction(names, "readwrite");
        await Promise.all([...names.map((name) => all.objectStore(name).clear()), all.done]);
      }),
  };
}

function pinsIn(database: AccountDatabase): PinStore {
  return {
    list: () => orStoreError(() => database.getAll("pins")),
    add: async (pin) => void (await orStoreError(() => database.put("pins", pin))),
  };
}

function outboxIn(database: AccountDatabase): OutboxStore {
  return {
    list: () => orStoreError(() => database.getAll("outbox")),
    add: (message) =>
      orStoreError(async () => {
        const { store, done } = database.transaction("outbox", "readwrite", ON_DISK);
        await Promise.all([store.add(message), done]);
      }),
    remove: (clientId) =>
      orStoreError(async () => {
        const { store, done } = database.transaction("outbox", "readwrite");
        const key = await store.index("client_id").getKey(clientId);
        if (key !== undefined) await store.delete(key);
        await done;
      }),
  };
}

/** Returns the key range of a chat's messages before a seq. */
const ofChat = (chatId: number, before = Number.MAX_SAFE_INTEGER) =>
  IDBKeyRange.bound([chatId, 0], [chatId, before], false, true);

function deliveriesIn(database: AccountDatabase, choices: BrowserChoices): DeliveryStore {
  const toKeep = async (messages: readonly ChatMessage[]) =>
    (await choices.keepsHistory()) ? messages.filter(({ seq }) => seq !== undefined) : [];
  return {
    cursor: (chatId) => orStoreError(() => database.get("cursors", chatId)),
    moveCursor: (chatId, { from, to }, messages) =>
      orStoreError(async () => {
        const kept = await toKeep(messages);
        const both = database.transaction(["cursors", "messages"], "readwrite", ON_DISK);
        const stored = await both.objectStore("cursors").get(chatId);
        if ((stored ?? from) !== from) return;
        const past = IDBKeyRange.bound([chatId, to], [chatId, Number.MAX_SAFE_INTEGER], true);
        if (to < from) await both.objectStore("messages").delete(past);
        const puts = kept.map((message) => both.objectStore("messages").put(message));
        const moved = both.objectStore("cursors").put(to, chatId);
        await Promise.all([...puts, moved, both.done]);
      }),
    keep: (_, messages) =>
      orStoreError(async () => {
        const kept = await toKeep(messages);
        const { store, done } = database.transaction("messages", "readwrite", ON_DISK);
        await Promise.all([...kept.map((message) => store.put(message)), done]);
      }),
    messages: (chatId, { before, limit }) =>
      orStoreError(async () => {
        const { store } = database.transaction("messages");
        const messages = [];
        let at = await store.openCursor(ofChat(chatId, before), "prev");
        while (at !== null && messages.length < limit) {
          messages.unshift(at.value);
          at = await at.continue();
        }
        return messages;
      }),
    expire: (chatId, until) =>
      orStoreError(async () => {
        const { store, done } = database.transaction("messages", "readwrite");
        let at = await store.openCursor(ofChat(chatId));
        while (at !== null) {
          if (storedAt(at.value) <= until) await at.delete();
          at = await at.continue();
        }
        await done;
      }),
  };
}

function draftsIn(database: AccountDatabase): DraftStore {
  return {
    get: (chatId) => orStoreError(() => database.get("drafts", chatId)),
    async put(chat_id, { nonce, content }) {
      await orStoreError(() => database.put("drafts", { chat_id, nonce, content }));
    },
    remove: (chatId) => orStoreError(() => database.delete("drafts", chatId)),
  };
}

function keysIn(database: AccountDatabase): KeyStore {
  return {
    needsExport: false,
    async get(chatId) {
      const kept = await orStoreError(() => database.get("keys", chatId));
      if (kept === undefined) return undefined;
      try {
        return await ChatKey.from(kept.cryptoKey, kept);
      } catch (error) {
        // An earlier version of the page stored the key, or it is incomplete: the user enters the passphrase again.
        if (error instanceof KeyError) return undefined;
        throw error;
      }
    },
    async put(chat_id, key) {
      const { cryptoKey } = key;
      if (cryptoKey === undefined) {
        throw new StoreError(
          "this browser has no WebCrypto for this page, and keeps no key without: open the page over https, or on localhost",
        );
      }
      const encryptedCheck = await key.encryptCheck();
      await orStoreError(() => database.put("keys", { chat_id, cryptoKey, encryptedCheck }));
    },
    clear: () => orStoreError(() => database.clear("keys")),
  };
}
