import { join } from "node:path";
import { invalidArgument, textArgument } from "../../arguments.js";
import { ChatMessage } from "../../messages/chat.js";
import type { OutgoingMessage } from "../../session/events.js";
import { expiredAt } from "../expired.js";
import { inOrder } from "../in-order.js";
import type { ClientStorage } from "../storage.js";
import { append, namesIn, readText, remove, writeWhole } from "./files.js";
import { lockFile } from "./lock-file.js";

/** File name of an entry of the outbox: its position, and its client id. */
const ENTRY = /^(\d{12})-([0-9a-f-]{36})\.json$/;

/**
 * Opens a storage in the files of a folder, which only their owner can read. Use one folder for each user and server. Messages
 * are stored as ciphertext. One process at a time uses it, by a lock file; a second one waits.
 *
 * A message counts as stored when the cursor after it is: incomplete lines and messages after the cursor are ignored.
 *
 * @throws {ValidationError} if `directory` is not text.
 *
 * ```ts
 * const storage = fileStorage("/var/lib/bot");
 * ```
 */
export function fileStorage(directory: string): ClientStorage {
  const outbox = join(textArgument(directory, "directory"), "outbox");
  const cursors = join(directory, "cursors");
  const histories = join(directory, "history");
  const cursorPath = (chatId: number) => join(cursors, String(chatId));
  const historyPath = (chatId: number) => join(histories, `${chatId}.jsonl`);
  /** Paths of the entries of the outbox by client id. */
  const entries = new Map<string, string>();
  let nextPosition = 1;
  /** Runs changes of cursors and messages one at a time. */
  const change = inOrder();

  async function cursorOf(chatId: number): Promise<number | undefined> {
    const text = await readText(cursorPath(chatId));
    if (text === undefined) return undefined;
    // An empty text would be 0.
    if (!/^\d+$/.test(text)) throw new Error(`${cursorPath(chatId)} is damaged`);
    return Number(text);
  }

  /** Returns the messages up to the cursor, sorted by seq. */
  async function historyOf(chatId: number): Promise<ChatMessage[]> {
    const cursor = (await cursorOf(chatId)) ?? 0;
    const bySeq = new Map<number, ChatMessage>();
    for (const line of ((await readText(historyPath(chatId))) ?? "").split("\n")) {
      const message = parseLine(line);
      if (message?.seq !== undefined && message.seq <= cursor) bySeq.set(message.seq, message);
    }
    return [...bySeq.values()].sort((one, other) => one.seq! - other.seq!);
  }

  /** Removes the stored messages of a chat that are not to be kept. */
  async function keepOnly(
    chatId: number,
    isKept: (message: ChatMessage) => boolean,
  ): Promise<void> {
    const kept = (await historyOf(chatId)).filter(isKept);
    await writeWhole(historyPath(chatId), kept.map(toLine).join(""));
  }

  return {
    async lock({ signal, onWait, onLost }) {
      return lockFile(join(directory, "lock"), { signal, onWait, onLost });
    },
    async load() {
      entries.clear();
      const messages: OutgoingMessage[] = [];
      for (const name of await namesIn(outbox)) {
        const [, position, clientId] = ENTRY.exec(name) ?? [];
        if (clientId === undefined) continue;
        const path = join(outbox, name);
        const text = await readText(path);
        if (text === undefined) continue;
        messages.push(parseEntry(text, path));
        entries.set(clientId, path);
        nextPosition = Number(position) + 1;
      }
      const known: [number, number][] = [];
      for (const name of await namesIn(cursors))
        if (/^\d+$/.test(name)) known.push([Number(name), (await cursorOf(Number(name)))!]);
      return { outbox: messages, cursors: known };
    },
    async addOutgoing(message) {
      const position = String(nextPosition++).padStart(12, "0");
      const path = join(outbox, `${position}-${message.client_id}.json`);
      entries.set(message.client_id, path);
      await writeWhole(path, toJson(message));
    },
    async removeOutgoing(clientId) {
      const path = entries.get(clientId);
      if (path !== undefined) await remove(path);
      entries.delete(clientId);
    },
    moveCursor: (chatId, { from, to }, messages) =>
      change(async () => {
        if (((await cursorOf(chatId)) ?? from) !== from) return;
        if (to < from) await keepOnly(chatId, ({ seq }) => seq! <= to);
        const added = messages.filter(({ seq }) => seq !== undefined);
        if (added.length > 0) await append(historyPath(chatId), added.map(toLine).join(""));
        await writeWhole(cursorPath(chatId), String(to));
      }),
    async messages(chatId, { before, limit }) {
      if (!(limit >= 1)) throw invalidArgument("page.limit", "must be at least 1");
      const all = await historyOf(chatId);
      return all.filter(({ seq }) => seq! < before).slice(-limit);
    },
    async expire(chatId, until) {
      const isExpired = expiredAt(until);
      await change(() => keepOnly(chatId, (message) => !isExpired(message)));
    },
    async clear() {
      entries.clear();
      for (const folder of [outbox, cursors, histories]) await remove(folder);
    },
  };
}

/** Starts with a newline, because the last line may be incomplete after a power failure. */
function toLine(message: ChatMessage): string {
  return `\n${toJson(message)}`;
}

/** Serializes a message as JSON with bytes as base64 text, which the schema accepts. */
function toJson({ content, nonce, ...header }: ChatMessage): string {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
  return JSON.stringify({ ...header, content: base64(content), nonce: base64(nonce) });
}

function parseLine(line: string): ChatMessage | undefined {
  try {
    return ChatMessage.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

function parseEntry(text: string, path: string): OutgoingMessage {
  try {
    const { client_id, ...message } = ChatMessage.parse(JSON.parse(text));
    if (client_id !== undefined) return { ...message, client_id };
  } catch {
    // Reported below.
  }
  throw new Error(`${path} is damaged: remove it to go on without this message`);
}
