import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ChatMessage } from "lacre";
import type { OutgoingMessage } from "lacre/session";
import { toBase64 } from "./api.js";
import { Failure } from "./failure.js";
import { writeFile } from "./write-file.js";

/** The name of an entry of the outbox: its place in the order, and its client id. */
const ENTRY = /^(\d{12})-([0-9a-f-]{36})\.json$/;

/**
 * What a session has to find again when the program starts the next time: the messages that are not acknowledged, encrypted,
 * and how far each chat was shown. Each is a file of its own: two programs of one account overwrite nothing of each other's.
 */
export class Disk {
  readonly #outbox: string;
  readonly #cursors: string;
  /** The files of the outbox by client id, in their order. */
  readonly #entries = new Map<string, string>();
  #nextPlace = 1;

  constructor(folder: string) {
    this.#outbox = join(folder, "outbox");
    this.#cursors = join(folder, "cursors");
    for (const name of namesIn(this.#outbox).sort()) {
      const [, place, clientId] = ENTRY.exec(name) ?? [];
      if (clientId === undefined) continue;
      this.#entries.set(clientId, join(this.#outbox, name));
      this.#nextPlace = Number(place) + 1;
    }
  }

  /** The messages that were persisted and not forgotten, in that order. */
  readOutbox(): OutgoingMessage[] {
    return [...this.#entries.values()].flatMap((path) => {
      const text = readIfThere(path);
      return text === undefined ? [] : [parseEntry(text, path)];
    });
  }

  persist(message: OutgoingMessage): void {
    const { client_id, content, nonce } = message;
    const place = String(this.#nextPlace++).padStart(12, "0");
    const path = join(this.#outbox, `${place}-${client_id}.json`);
    const entry = { ...message, content: toBase64(content), nonce: toBase64(nonce) };
    writeFile(path, JSON.stringify(entry));
    this.#entries.set(client_id, path);
  }

  forget(clientId: string): void {
    const path = this.#entries.get(clientId);
    if (path !== undefined) rmSync(path, { force: true });
    this.#entries.delete(clientId);
  }

  /** The seq up to which a chat was shown. */
  cursorOf(chatId: number): number {
    return Number(readIfThere(join(this.#cursors, String(chatId))) ?? 0);
  }

  moveCursor(chatId: number, seq: number): void {
    writeFile(join(this.#cursors, String(chatId)), String(seq));
  }
}

function parseEntry(text: string, path: string): OutgoingMessage {
  try {
    const message = ChatMessage.parse(JSON.parse(text));
    return { ...message, client_id: message.client_id! };
  } catch {
    throw new Failure(`${path}, a message that was not sent yet, is damaged: remove it to go on`);
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    return undefinedIfMissing(error) ?? [];
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    return undefinedIfMissing(error);
  }
}

function undefinedIfMissing(error: unknown): undefined {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return undefined;
  throw new Failure(`what the last session left cannot be read (${message})`);
}
