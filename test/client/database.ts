/** Returns a value as text in which each byte is one character. */
export function asText(value: unknown): string {
  return JSON.stringify(value, (_, part) =>
    part instanceof Uint8Array ? String.fromCharCode(...part) : part,
  );
}

/** Opens a database that exists. */
export function openDatabase(name: string): Promise<IDBDatabase> {
  return resultOf(indexedDB.open(name));
}

export function resultOf<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Returns all values of a database by the name of their store. */
export async function contentsOf(name: string): Promise<Record<string, unknown[]>> {
  const database = await openDatabase(name);
  const stores = [...database.objectStoreNames];
  const transaction = database.transaction(stores);
  const contents = stores.map((store) => resultOf(transaction.objectStore(store).getAll()));
  const all = await Promise.all(contents);
  database.close();
  return Object.fromEntries(stores.map((store, at) => [store, all[at]!]));
}
