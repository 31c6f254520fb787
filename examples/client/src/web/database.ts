import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { ChatMessage } from "lacre";
import type { OutgoingMessage } from "lacre/session";
import { StoreError } from "../errors.js";
import type { Login, Pin } from "../stores.js";

/** What is kept of a browser: who is logged in, and what they chose. */
export interface BrowserSchema extends DBSchema {
  login: { key: "login"; value: Login };
  choices: { key: "keepsHistory"; value: boolean };
}

/** A chat's key as browsers keep it: usable, and not to be read out. */
export interface KeptKey {
  readonly chat_id: number;
  readonly cryptoKey: CryptoKey;
  readonly check: Uint8Array;
}

/** What is kept for one account. No passphrase, no text. */
export interface AccountSchema extends DBSchema {
  pins: { key: number; value: Pin };
  outbox: { key: number; value: OutgoingMessage; indexes: { client_id: string } };
  cursors: { key: number; value: number };
  messages: { key: [chatId: number, seq: number]; value: ChatMessage };
  keys: { key: number; value: KeptKey };
}

export function openBrowserDatabase(): Promise<IDBPDatabase<BrowserSchema>> {
  return orStoreError(
    openDB<BrowserSchema>("lacre", 1, {
      upgrade(database) {
        database.createObjectStore("login");
        database.createObjectStore("choices");
      },
    }),
  );
}

export function openAccountDatabase(userId: number): Promise<IDBPDatabase<AccountSchema>> {
  return orStoreError(
    openDB<AccountSchema>(`lacre-${userId}`, 1, {
      upgrade(database) {
        database.createObjectStore("pins", { keyPath: "chat_id" });
        // The keys that are made grow: they are the order in which messages were added.
        const outbox = database.createObjectStore("outbox", { autoIncrement: true });
        outbox.createIndex("client_id", "client_id", { unique: true });
        database.createObjectStore("cursors");
        database.createObjectStore("messages", { keyPath: ["chat_id", "seq"] });
        database.createObjectStore("keys", { keyPath: "chat_id" });
      },
    }),
  );
}

/** Says what to do where the browser keeps nothing: private windows, a full disk, a profile that forbids it. */
export async function orStoreError<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    const { name, message } = error as DOMException;
    throw new StoreError(
      name === "QuotaExceededError"
        ? "the browser has no room left for this page: free some disk space, and reload"
        : `the browser does not keep what this page gives it (${message || name}): allow it site data, or use another window`,
      { cause: error },
    );
  }
}
