import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { ChatMessage } from "lacre";
import type { Encrypted } from "lacre/e2e";
import { StoreError } from "../errors.js";
import type { Login, Pin, QueuedMessage } from "../stores.js";
import { nameHere } from "./page-server.js";

/** Data of one browser: the login, the user's choices and the device id. */
export interface BrowserSchema extends DBSchema {
  login: { key: "login"; value: Login };
  choices: { key: "keepsHistory" | "deviceId"; value: boolean | string };
}

/** A chat key as browsers store it: usable, but not extractable. */
export interface KeptKey {
  readonly chat_id: number;
  readonly cryptoKey: CryptoKey;
  /** Key check, encrypted under the key. */
  readonly encryptedCheck: Uint8Array;
}

/** Draft of a message, encrypted with the chat's key. */
export interface KeptDraft extends Encrypted {
  readonly chat_id: number;
}

/** Data of one account. Contains no passphrase and no plaintext. */
export interface AccountSchema extends DBSchema {
  pins: { key: number; value: Pin };
  outbox: { key: number; value: QueuedMessage; indexes: { client_id: string } };
  cursors: { key: number; value: number };
  messages: { key: [chatId: number, seq: number]; value: ChatMessage };
  keys: { key: number; value: KeptKey };
  drafts: { key: number; value: KeptDraft };
}

/**
 * Opens the browser's database. Calls `closed` if it closes while the page uses it, for example because the user clears the
 * site's data.
 */
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
        // The generated keys increase, so their order is that of the messages.
        const outbox = database.createObjectStore("outbox", { autoIncrement: true });
        outbox.createIndex("client_id", "client_id", { unique: true });
        database.createObjectStore("cursors");
        database.createObjectStore("messages", { keyPath: ["chat_id", "seq"] });
        database.createObjectStore("keys", { keyPath: "chat_id" });
      },
      // Close the database for a tab with a newer version of the page.
      blocking(_current, _blocked, event) {
        (event.target as IDBDatabase).close();
        closed();
      },
    }),
  );
}

/**
 * Runs `work`.
 *
 * @throws {StoreError} if the browser stores nothing, such as in a private window or with a full disk. The message says what
 * to do.
 */
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
