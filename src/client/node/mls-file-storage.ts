import { join } from "node:path";
import { aesGcm } from "#native";
import { textArgument } from "../../arguments.js";
import type { Bytes } from "../../bytes.js";
import type { AesGcm } from "../../crypto/aead.js";
import { randomBytes } from "../../crypto/random.js";
import { inOrder } from "../in-order.js";
import { changesArgument } from "../mls/changes.js";
import {
  decryptDevice,
  decryptStored,
  encryptDevice,
  encryptStored,
  valueName,
} from "../mls/encryption.js";
import type { MlsStorage } from "../mls/storage.js";
import {
  changeFiles,
  namesIn,
  readBytes,
  readText,
  remove,
  removeIncomplete,
  writeWhole,
} from "./files.js";
import { lockFile } from "./lock-file.js";
import { decodeJournal, encodeJournal } from "./mls-journal.js";

const KEY_BYTES = 32;

/**
 * Opens a storage of MLS chats in the files of the folder `mls` of a folder. Use one folder for each user and server; it may be
 * that of `fileStorage`. One process at a time uses it, by a lock file.
 *
 * The device and all values are encrypted under a random key, which is in the file `key` beside them: keep copies of the folder
 * secret. Only the owner of the files can read them.
 *
 * @throws {ValidationError} if `directory` is not text.
 *
 * ```ts
 * const storage = mlsFileStorage("/var/lib/bot");
 * ```
 */
export function mlsFileStorage(directory: string): MlsStorage {
  const folder = join(textArgument(directory, "directory"), "mls");
  const lockPath = join(folder, "lock");
  const [keyPath, devicePath, journalPath, valuesPath] = ["key", "device", "journal", "values"].map(
    (name) => join(folder, name),
  ) as [string, string, string, string];
  // Names of files must not contain `/`, and keys do not contain `_`.
  const valuePath = (key: string) => join(valuesPath, key.replaceAll("/", "_"));
  const runInOrder = inOrder();
  let opening: Promise<AesGcm> | undefined;
  /** What the lock file contains while this process uses the storage. */
  let held: { readonly text: string | undefined; readonly onLost: () => void } | undefined;

  /** Runs `work` after all earlier calls, and after changes that a journal contains are made. */
  function run<Result>(work: (aes: AesGcm) => Promise<Result>): Promise<Result> {
    return runInOrder(async () => {
      await requireLock();
      opening ??= open();
      try {
        return await work(await opening);
      } catch (error) {
        // The journal may contain changes that were not all made.
        opening = undefined;
        throw error;
      }
    });
  }

  /** Throws if another process took the lock. The lock file's own check comes up to 30 s later. */
  async function requireLock(): Promise<void> {
    if (held === undefined || (await readText(lockPath)) === held.text) return;
    held.onLost();
    throw new Error(`another process uses ${folder}, because this one was suspended`);
  }

  async function open(): Promise<AesGcm> {
    const stored = await readBytes(keyPath);
    // What is encrypted under a removed key cannot be read. `clear` may have been interrupted.
    if (stored === undefined) await removeAll();
    else if (stored.length !== KEY_BYTES) throw damaged(keyPath);
    const key = stored ?? randomBytes(KEY_BYTES);
    if (stored === undefined) await writeWhole(keyPath, key);
    const aes = await aesGcm(key);
    for (const each of [folder, valuesPath]) await removeIncomplete(each);
    const journal = await read(journalPath, (bytes) => decryptStored(aes, "journal", bytes));
    if (journal !== undefined) {
      await makeChanges(aes, decodeJournal(journal));
      await remove(journalPath);
    }
    return aes;
  }

  /** Returns what `decrypt` makes of a file, or undefined if it does not exist. */
  async function read<Result>(
    path: string,
    decrypt: (bytes: Bytes) => Promise<Result>,
  ): Promise<Result | undefined> {
    const bytes = await readBytes(path);
    if (bytes === undefined) return undefined;
    try {
      return await decrypt(bytes);
    } catch (cause) {
      throw damaged(path, { cause });
    }
  }

  function damaged(path: string, options?: ErrorOptions): Error {
    return new Error(
      `${path} is damaged: remove the folder ${folder}, link this device as a new one, and remove the earlier one from the account`,
      options,
    );
  }

  async function makeChanges(aes: AesGcm, changes: Map<string, Bytes | undefined>): Promise<void> {
    const files: [string, Bytes | undefined][] = [];
    for (const [key, value] of changes)
      files.push([valuePath(key), value && (await encryptStored(aes, valueName(key), value))]);
    await changeFiles(valuesPath, files);
  }

  async function removeAll(): Promise<void> {
    await remove(keyPath);
    for (const name of await namesIn(folder))
      if (!name.startsWith("lock")) await remove(join(folder, name));
  }

  return {
    needsExport: true,
    async lock({ signal, onWait, onLost }) {
      const release = await lockFile(lockPath, { signal, onWait, onLost });
      // Another process may have used the storage since this one opened it.
      opening = undefined;
      held = { text: await readText(lockPath), onLost };
      return () => {
        held = undefined;
        release();
      };
    },
    loadDevice: () => run((aes) => read(devicePath, (bytes) => decryptDevice(aes, bytes))),
    saveDevice: (device) =>
      run(async (aes) => writeWhole(devicePath, await encryptDevice(aes, device))),
    get: (key) =>
      run((aes) => read(valuePath(key), (bytes) => decryptStored(aes, valueName(key), bytes))),
    keys: (prefix) =>
      run(async () => {
        const names = (await namesIn(valuesPath)).filter((name) => /^[a-z0-9_-]+$/.test(name));
        const keys = names.map((name) => name.replaceAll("_", "/"));
        return keys.filter((key) => key.startsWith(prefix)).sort();
      }),
    async write(changes) {
      const list = changesArgument(changes);
      await run(async (aes) => {
        // A single change needs no journal, because a file is written completely or not at all.
        if (list.size <= 1) return makeChanges(aes, list);
        await writeWhole(journalPath, await encryptStored(aes, "journal", encodeJournal(list)));
        await makeChanges(aes, list);
        await remove(journalPath);
      });
    },
    clear: () =>
      runInOrder(async () => {
        opening = undefined;
        await removeAll();
      }),
  };
}
