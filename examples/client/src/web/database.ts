import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { ChatMessage } from "lacre";
import type { Encrypted } from "lacre/e2e";
import { StoreError } from "../errors.js";
import type { Login, Pin, QueuedMessage } from "../stores.js";
import { nameHere } from "./page-server.js";

/** What is kept of a browser: who is logged in, what they chose, and by which id the server knows it again. */
export interface BrowserSchema extends DBSchema {
  login: { key: "login"; value: Login };
  choices: { key: "keepsHistory" | "deviceId"; value: boolean | string };
}

/** A chat's key as browsers keep it: usable, and not to be read out. */
export interface KeptKey {
  readonly chat_id: number;
  readonly cryptoKey: CryptoKey;
  /** The key's check, encrypted under the key. */
  readonly encryptedCheck: Uint8Array;
}

/** What a user has begun to write in a chat, encrypted with the chat's key. */
export interface KeptDraft extends Encrypted {
  readonly chat_id: number;
}

/** What is kept for one account. No passphrase, no text. */
export interface AccountSchema extends DBSchema {
  pins: { key: number; value: Pin };
  outbox: { key: number; value: QueuedMessage; indexes: { client_id: string } };
  cursors: { key: number; value: number };
  messages: { key: [chatId: number, seq: number]; value: ChatMessage };
  keys: { key: number; value: KeptKey };
  drafts: { key: number; value: KeptDraft };
}

/** `closed` is called when a database is closed while the page uses it, as when the user clears the site's data. */
export function openBrowserDatabase(closed: () => void): Promise<IDBPDatabase<BrowserSchema>> {
  return orStoreError(() =>
    openDB<BrowserSchema>(nameHere("lacre"), 1, {
      terminated: closed,
      upgrade(database) {
        database.createObjectStore("login");
        database.createObjectStore("choices");
      },
    }),
  );
}

export function openAccountDatabase(
  userId: number,
  closed: () => void,
): Promise<IDBPDatabase<AccountSchema>> {
  return orStoreError(() =>
    openDB<AccountSchema>(nameHere(`lacre-${userId}`), 2, {
      terminated: closed,
      upgrade(database, version) {
        if (version < 2) database.createObjectStore("drafts", { keyPath: "chat_id" });
        if (version >= 1) return;
        database.createObjectStore("pins", { keyPath: "chat_id" });
        // The keys that are made grow: they are the order in which messages were added.
        const outbox = database.createObjectStore("outbox", { autoIncrement: true });
        outbox.createIndex("client_id", "client_id", { unique: true });
        database.createObjectStore("cursors");
        database.createObjectStore("messages", { keyPath: ["chat_id", "seq"] });
        database.createObjectStore("keys", { keyPath: "chat_id" });
      },
      // Another tab has a newer version of the page.
      blocking(_current, _blocked, event) {
        (event.target as IDBDatabase).close();
        closed();
      },
    }),
  );
}

/** Throws StoreError, which says what to do, if the browser stores nothing: private windows, a full disk, a profile that forbids it. */
export async function orStoreError<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const { name, message } = error as DOMException;
    throw new StoreError(
      name === "QuotaExceededError"
        ? "the browser has no room left for this page: free some disk space, and try again"
        : `the browser does not keep what this page gives it (${message || name}): allow it site data, or use another window`,
      { cause: error },
    );
  }
}
