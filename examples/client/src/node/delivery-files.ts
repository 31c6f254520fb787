import { join } from "node:path";
import { ChatMessage } from "lacre";
import { storedAt } from "../auto-delete.js";
import { toJson } from "../json.js";
import type { DeliveryStore } from "../stores.js";
import { appendToFile, readFile, remove, writeFile } from "./files.js";

/**
 * Stores each cursor in a file. If history is enabled, also stores each chat's messages in a file, one per line. Reading
 * ignores incomplete lines and messages after the cursor, because a message counts as stored when its cursor is.
 */
export function deliveriesInFiles(
  folder: string,
  { keepHistory }: { readonly keepHistory: boolean },
): DeliveryStore {
  const histories = join(folder, "history");
  const cursorPath = (chatId: number) => join(folder, "cursors", String(chatId));
  const historyPath = (chatId: number) => join(histories, `${chatId}.jsonl`);
  const known = new Map<number, Set<number>>();
  if (!keepHistory) remove(histories);

  function readCursor(chatId: number): number | undefined {
    const text = readFile(cursorPath(chatId));
    return text === undefined ? undefined : Number(text);
  }

  /** Returns the messages sorted by seq, each seq once, including those after the cursor. */
  function readHistory(chatId: number): ChatMessage[] {
    const bySeq = new Map<number, ChatMessage>();
    for (const line of readFile(historyPath(chatId))?.split("\n") ?? []) {
      const message = parseLine(line);
      if (message?.seq !== undefined) bySeq.set(message.seq, message);
    }
    return [...bySeq.values()].sort((one, other) => one.seq! - other.seq!);
  }

  function knownOf(chatId: number): Set<number> {
    const seqs = known.get(chatId) ?? new Set(readHistory(chatId).map(({ seq }) => seq!));
    known.set(chatId, seqs);
    return seqs;
  }

  function append(chatId: number, messages: readonly ChatMessage[]): void {
    const seqs = knownOf(chatId);
    const fresh = messages.filter(({ seq }) => seq !== undefined && !seqs.has(seq));
    if (fresh.length === 0) return;
    // Start with a newline: the last line may be incomplete after a power failure.
    appendToFile(historyPath(chatId), fresh.map((message) => `\n${toJson(message)}`).join(""));
    for (const { seq } of fresh) seqs.add(seq!);
  }

  function keepOnly(chatId: number, isKept: (message: ChatMessage) => boolean): void {
    const all = readHistory(chatId);
    const kept = all.filter(isKept);
    if (kept.length === all.length) return;
    writeFile(historyPath(chatId), kept.map((message) => `\n${toJson(message)}`).join(""));
    known.delete(chatId);
  }

  return {
    cursor: async (chatId) => readCursor(chatId),
    async moveCursor(chatId, { from, to }, messages) {
      if ((readCursor(chatId) ?? from) !== from) return;
      if (to < from) keepOnly(chatId, ({ seq = 0 }) => seq <= to);
      if (keepHistory) append(chatId, messages);
      writeFile(cursorPath(chatId), String(to));
    },
    async keep(chatId, messages) {
      if (keepHistory) append(chatId, messages);
    },
    async messages(chatId, { before, limit }) {
      const cursor = readCursor(chatId) ?? 0;
      return readHistory(chatId)
        .filter(({ seq = 0 }) => seq < before && seq <= cursor)
        .slice(-limit);
    },
    async expire(chatId, until) {
      keepOnly(chatId, (message) => storedAt(message) > until);
    },
  };
}

function parseLine(line: string): ChatMessage | undefined {
  try {
    return ChatMessage.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
