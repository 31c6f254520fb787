import { textArgument } from "../../arguments.js";
import { type AesGcm, aesGcmInWebCrypto } from "../../crypto/aead.js";
import type { Device } from "../../mls/device.js";
import { inOrder } from "../in-order.js";
import { changesArgument } from "../mls/changes.js";
import {
  decryptDevice,
  decryptStored,
  deviceFrom,
  encryptDevice,
  encryptStored,
  valueName,
} from "../mls/encryption.js";
import type { MlsStorage } from "../mls/storage.js";
import { clearStores, databaseOf, resultOf } from "./database.js";

/** `keys` has the key that encrypts the values, and the device. */
const STORES = ["keys", "values"];

/** What is stored of a device: its key that cannot be exported, or its encrypted bytes where WebCrypto has no Ed25519. */
type StoredDevice =
  | { readonly user_id: number; readonly publicKey: Uint8Array; readonly cryptoKey: CryptoKey }
  | Uint8Array;

/**
 * Opens a storage of MLS chats in IndexedDB, in the database `lacre-mls ` + `name`. Use one name for each user and server. All
 * values are encrypted under a key that cannot be exported. One tab at a time uses it, by a Web Lock of the same name.
 *
 * `needsExport` is true until `lock` finds that WebCrypto has Ed25519. The page must be served over HTTPS: `lock` rejects where the
 * browser has no Web Locks.
 *
 * @throws {ValidationError} if `name` is not text.
 *
 * ```ts
 * const storage = mlsIndexedDbStorage(`user ${user_id}`);
 * ```
 */
export function mlsIndexedDbStorage(name: string): MlsStorage {
  const fullName = `lacre-mls ${textArgument(name, "name")}`;
  const { open, change, lock } = databaseOf(fullName, (created) => {
    for (const store of STORES) created.createObjectStore(store);
  });
  const run = inOrder();
  let needsExport = true;

  async function read<Result>(store: string, key: string): Promise<Result | undefined> {
    return resultOf((await open()).transaction(store).objectStore(store).get(key));
  }

  function save(key: string, value: unknown): Promise<void> {
    return change(["keys"], (transaction) => {
      transaction.objectStore("keys").put(value, key);
    });
  }

  /** Returns the key of the values, and creates it at the first call. */
  async function encryption(): Promise<AesGcm> {
    const { subtle } = globalThis.crypto as Partial<Crypto>;
    if (subtle === undefined) throw new Error("no WebCrypto: serve the page over HTTPS");
    const stored = await read<CryptoKey>("keys", "values");
    const key = stored ?? (await subtle.generateKey(AES_GCM, false, ["encrypt", "decrypt"]));
    if (stored === undefined) await save("values", key);
    return aesGcmInWebCrypto(key);
  }

  /** Returns what `decrypt` returns, and names what is damaged if it rejects. */
  async function decrypted<Result>(
    what: string,
    decrypt: (aes: AesGcm) => Promise<Result>,
  ): Promise<Result> {
    const aes = await encryption();
    try {
      return await decrypt(aes);
    } catch (cause) {
      throw new Error(
        `${what} in the database "${fullName}" is damaged: call clear(), link this device as a new one, and remove the earlier one from the account`,
        { cause },
      );
    }
  }

  return {
    get needsExport() {
      return needsExport;
    },
    async lock(options) {
      // Two tabs would use the same state of a chat twice.
      if ((navigator as { locks?: LockManager }).locks === undefined)
        throw new Error("no Web Locks: serve the page over HTTPS, and use a later browser");
      needsExport = !(await hasEd25519());
      return lock(options);
    },
    loadDevice: () =>
      run(async () => {
        const stored = await read<StoredDevice>("keys", "device");
        if (stored === undefined) return undefined;
        if (!(stored instanceof Uint8Array)) return deviceFrom(stored.cryptoKey, stored);
        return decrypted("the device", (aes) => decryptDevice(aes, stored));
      }),
    saveDevice: (device) => run(async () => save("device", await toStored(device))),
    get: (key) =>
      run(async () => {
        const stored = await read<Uint8Array>("values", key);
        if (stored === undefined) return undefined;
        return decrypted(`"${key}"`, (aes) => decryptStored(aes, valueName(key), stored));
      }),
    keys: (prefix) =>
      run(async () => {
        const values = (await open()).transaction("values").objectStore("values");
        const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
        return (await resultOf(values.getAllKeys(range))) as string[];
      }),
    async write(changes) {
      const list = changesArgument(changes);
      await run(async () => {
        const aes = await encryption();
        const encrypted: [string, Uint8Array | undefined][] = [];
        for (const [key, value] of list)
          encrypted.push([key, value && (await encryptStored(aes, valueName(key), value))]);
        await change(["values"], (transaction) => {
          const values = transaction.objectStore("values");
          for (const [key, value] of encrypted)
            if (value === undefined) values.delete(key);
            else values.put(value, key);
        });
      });
    },
    clear: () => run(() => change(STORES, clearStores)),
  };

  async function toStored(device: Device): Promise<StoredDevice> {
    const { user_id, publicKey } = device;
    const cryptoKey = device.cryptoKey as CryptoKey | undefined;
    if (cryptoKey !== undefined) return { user_id, publicKey, cryptoKey };
    return encryptDevice(await encryption(), device);
  }
}

const AES_GCM = { name: "AES-GCM", length: 256 };

async function hasEd25519(): Promise<boolean> {
  const { subtle } = globalThis.crypto as Partial<Crypto>;
  const made = await subtle?.generateKey("Ed25519", false, ["sign"]).catch(() => undefined);
  return made !== undefined;
}
