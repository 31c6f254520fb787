import { join } from "node:path";
import { ChatKey } from "lacre/e2e";
import { toJson } from "../json.js";
import { type KeyStore, Pin, type PinStore, type Stores } from "../stores.js";
import { deliveriesInFiles } from "./delivery-files.js";
import { namesIn, readFile, remove, writeFile } from "./files.js";
import { parseFile } from "./login-file.js";
import { outboxInFiles } from "./outbox-files.js";

/** The user's choice of the data to store. */
export interface Kept {
  /** Store delivered messages as ciphertext. If false, stored ones are removed. */
  readonly history: boolean;
  /**
   * Store chat keys, so that each passphrase is entered only once. Anyone who can read the files can then read the chats.
   */
  readonly keys: boolean;
}

/** Opens the stores of one account in a folder that only its owner can read. */
export function storesInFiles(folder: string, kept: Kept): Stores {
  return {
    pins: pinsInFiles(join(folder, "pins")),
    outbox: outboxInFiles(join(folder, "outbox")),
    deliveries: deliveriesInFiles(folder, { keepHistory: kept.history }),
    keys: keysInFiles(join(folder, "keys"), kept.keys),
    clear: async () => remove(folder),
  };
}

function pinsInFiles(folder: string): PinStore {
  return {
    async list() {
      return namesIn(folder)
        .filter((name) => /^\d+\.json$/.test(name))
        .flatMap((name) => {
          const path = join(folder, name);
          const text = readFile(path);
          return text === undefined ? [] : [parseFile(Pin, text, path)];
        });
    },
    async add(pin) {
      const path = join(folder, `${pin.chat_id}.json`);
      const text = toJson(pin);
      if (readFile(path) !== text) writeFile(path, text);
    },
  };
}

function keysInFiles(folder: string, isKept: boolean): KeyStore {
  const pathOf = (chatId: number) => join(folder, String(chatId));
  if (!isKept) remove(folder);
  return {
    needsExport: isKept,
    async get(chatId) {
      const text = isKept ? readFile(pathOf(chatId)) : undefined;
      if (text === undefined) return undefined;
      return ChatKey.from(Buffer.from(text, "base64"), { extractable: true });
    },
    async put(chatId, key) {
      if (isKept) writeFile(pathOf(chatId), Buffer.from(key.export()).toString("base64"));
    },
    clear: async () => remove(folder),
  };
}
