import type { LockOptions } from "../storage.js";
import { takeLock } from "./web-lock.js";

/** Completes a transaction only when the data survives a power failure. By default browsers do not wait for that. */
const ON_DISK = { durability: "strict" } as const;

/** A database that is opened when it is used, and again after the browser closed it. */
export interface Database {
  readonly open: () => Promise<IDBDatabase>;
  /** Runs `work` in a transaction of some stores, which is aborted if `work` fails. Resolves when it is on disk. */
  readonly change: (
    stores: string[],
    work: (transaction: IDBTransaction) => Promise<unknown> | unknown,
  ) => Promise<void>;
  /** Takes the Web Lock of the name of the database. Resolves with a function that closes the database and releases the lock. */
  readonly lock: (options: LockOptions) => Promise<() => Promise<void>>;
}

/** Returns a database. `create` creates the object stores of a new one. */
export function databaseOf(name: string, create: (database: IDBDatabase) => void): Database {
  let opening: Promise<IDBDatabase> | undefined;
  const closed = () => {
    opening = undefined;
  };

  function open(): Promise<IDBDatabase> {
    opening ??= openDatabase(name, create, closed);
    // Try again at the next call.
    opening.catch(closed);
    return opening;
  }

  return {
    open,
    async change(stores, work) {
      const transaction = (await open()).transaction(stores, "readwrite", ON_DISK);
      const done = new Promise<void>((resolve, reject) => {
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(transaction.error ?? new Error("the transaction ended"));
      });
      try {
        await work(transaction);
      } catch (error) {
        done.catch(() => {});
        transaction.abort();
        throw error;
      }
      await done;
    },
    async lock(options) {
      const release = await takeLock(name, options);
      return async () => {
        const database = await opening?.catch(() => undefined);
        opening = undefined;
        database?.close();
        release();
      };
    },
  };
}

/** Removes all values of the stores of a transaction. */
export function clearStores(transaction: IDBTransaction): void {
  for (const store of transaction.objectStoreNames) transaction.objectStore(store).clear();
}

/** Opens or creates a database. Calls `closed` when it can no longer be used. */
async function openDatabase(
  name: string,
  create: (database: IDBDatabase) => void,
  closed: () => void,
): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => create(request.result);
  const database = await resultOf(request);
  // Another tab deletes the database or upgrades it; or the user clears the site's data.
  database.onversionchange = () => {
    database.close();
    closed();
  };
  database.onclose = closed;
  return database;
}

/** Resolves with the result of a request. */
export function resultOf<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
