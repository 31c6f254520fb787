import { join } from "node:path";
import { toJson } from "../json.js";
import { type OutboxStore, QueuedMessage } from "../stores.js";
import { namesIn, readFile, remove, writeFile } from "./files.js";
import { parseFile } from "./login-file.js";

/** The name of an entry: its place in the order, and its client id. */
const ENTRY = /^(\d{12})-([0-9a-f-]{36})\.json$/;

/** Each entry is a file of its own: two programs of one account overwrite nothing of each other's. */
export function outboxInFiles(folder: string): OutboxStore {
  /** The files by client id, in their order. */
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
