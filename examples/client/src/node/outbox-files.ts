import { join } from "node:path";
import { toJson } from "../json.js";
import { type OutboxStore, QueuedMessage } from "../stores.js";
import { namesIn, readFile, remove, writeFile } from "./files.js";
import { parseFile } from "./login-file.js";

/** File name of an entry: its position, and its client id. */
const ENTRY = /^(\d{12})-([0-9a-f-]{36})\.json$/;

/** Stores each entry in its own file, so that two programs of one account do not overwrite each other's entries. */
export function outboxInFiles(folder: string): OutboxStore {
  /** Paths by client id, in the order of the entries. */
  const entries = new Map<string, string>();
  let nextPlace = 1;

  for (const name of namesIn(folder)) {
    const [, place, clientId] = ENTRY.exec(name) ?? [];
    if (clientId === undefined) continue;
    entries.set(clientId, join(folder, name));
    nextPlace = Number(place) + 1;
  }

  return {
    async list() {
      return [...entries.values()].flatMap((path) => {
        const text = readFile(path);
        return text === undefined ? [] : [parseFile(QueuedMessage, text, path)];
      });
    },
    async add(message) {
      const { client_id } = message;
      const place = String(nextPlace++).padStart(12, "0");
      const path = join(folder, `${place}-${client_id}.json`);
      writeFile(path, toJson(message));
      entries.set(client_id, path);
    },
    async remove(clientId) {
      const path = entries.get(clientId);
      if (path !== undefined) remove(path);
      entries.delete(clientId);
    },
  };
}
