import { equalConstantTime } from "../../bytes.js";
import { unixNow } from "../../clock.js";
import type { AnyContentDefinition } from "../../messages/define-content.js";
import type { Device } from "../../mls/device.js";
import { encryptHistory, encryptPins } from "../../mls/history-chunk.js";
import type { HistoryKey } from "../../mls/history-key.js";
import type { HistoryContents, HistoryMessage } from "../../mls/history-types.js";
import type { Context } from "./context.js";
import type { HistoryServer } from "./history-server.js";
import {
  encodeRecord,
  keys,
  storeChunks,
  toRewrite,
  type WrittenChunk,
  writtenChunks,
} from "./records.js";
import type { StoredChange } from "./storage.js";
import { changeMessages } from "./stored-messages.js";

/** Number of stored messages that are read at a time. */
const WINDOW = 512;

/** Writes the messages of chats to the history, and stores what was restored from it. */
export class HistoryWriter<Definition extends AnyContentDefinition> {
  readonly #context: Context<Definition>;
  readonly #server: HistoryServer;
  /** The pins that were last written. */
  #pins: Uint8Array | undefined;
  #isAllToWrite = true;
  /** Id of the device that wrote last: one that replaces it writes all again. */
  #writtenBy: string | undefined;

  constructor(context: Context<Definition>, server: HistoryServer) {
    this.#context = context;
    this.#server = server;
  }

  /** Makes the next `write` look at all chats. */
  writeAll(): void {
    this.#isAllToWrite = true;
    this.#pins = undefined;
  }

  /** Writes what changed since the last call. */
  async write(key: HistoryKey): Promise<void> {
    const { changedChats, storage, own } = this.#context;
    const device = own.device!;
    if (this.#writtenBy !== device.id) this.writeAll();
    this.#writtenBy = device.id;
    if (this.#isAllToWrite) {
      for (const name of await storage.keys("message/")) changedChats.add(chatOf(name));
      this.#isAllToWrite = false;
    }
    await this.#writePins(key, device);
    for (const chat_id of [...changedChats]) {
      changedChats.delete(chat_id);
      try {
        await this.#writeChat(key, device, chat_id);
      } catch (error) {
        changedChats.add(chat_id);
        throw error;
      }
    }
  }

  async #writePins(key: HistoryKey, device: Device): Promise<void> {
    const { logs } = this.#context;
    const pins = logs.pins;
    const encoded = encodeRecord({ pins });
    if (this.#pins !== undefined && equalConstantTime(this.#pins, encoded)) return;
    const chunk = await encryptPins(device, key, { pins, now: unixNow() });
    await this.#server.writeChunk(key.id, { device: device.id, chat_id: 0, first_seq: 0 }, chunk);
    this.#pins = encoded;
  }

  async #writeChat(key: HistoryKey, device: Device, chat_id: number): Promise<void> {
    const { storage, rewrittenChats } = this.#context;
    rewrittenChats.delete(chat_id);
    const before = await writtenChunks(storage, chat_id, device.id);
    const seqs = (await storage.keys(`message/${chat_id}/`)).map(seqOf);
    const written: WrittenChunk[] = [];
    for (let at = 0; at < Math.max(before.length, 1); at++) {
      const [first, count] = before[at] ?? [undefined, 0];
      const end = before[at + 1]?.[0] ?? Number.POSITIVE_INFINITY;
      const inside = seqs.filter((seq) => (at === 0 || seq >= first!) && seq < end);
      if (inside.length === count) {
        if (first !== undefined) written.push([first, count]);
        continue;
      }
      const later = before.slice(at + 1);
      const store = (chunks: readonly WrittenChunk[]) =>
        this.#storeChunks(device, chat_id, [...written, ...chunks, ...later]);
      written.push(...(await this.#writeRange(key, device, chat_id, first, inside, store)));
    }
  }

  #storeChunks(device: Device, chat_id: number, chunks: readonly WrittenChunk[]): Promise<void> {
    const { storage, chunksInOrder, rewrittenChats } = this.#context;
    return chunksInOrder(async () => {
      const known = rewrittenChats.has(chat_id) ? toRewrite(chunks) : chunks;
      await storage.write([storeChunks(chat_id, device.id, known)]);
    });
  }

  /**
   * Writes the messages of some seqs as one chunk or several. The first one replaces that of `first`.
   *
   * @param store - Stores the chunks of the range. It is called before each new one is written, so that a failure leaves none at the
   * server that this device does not know.
   */
  async #writeRange(
    key: HistoryKey,
    device: Device,
    chat_id: number,
    first: number | undefined,
    seqs: readonly number[],
    store: (chunks: readonly WrittenChunk[]) => Promise<void>,
  ): Promise<WrittenChunk[]> {
    const { contents } = this.#context;
    const chunks: [number, number][] = [];
    const old: WrittenChunk[] = first === undefined ? [] : [[first, -1]];
    const isOld = () => first !== undefined && !chunks.some(([seq]) => seq === first);
    const all = (...next: WrittenChunk[]) =>
      [...chunks, ...next, ...(isOld() && next[0]?.[0] !== first ? old : [])].sort(
        ([one], [other]) => one - other,
      );
    let [rest, skipped] = [seqs, 0];
    while (rest.length > 0) {
      const window = rest.slice(0, WINDOW);
      const messages = await this.#read(chat_id, window);
      let taken = window.length;
      if (messages.length > 0) {
        const isFirst = chunks.length === 0 && first !== undefined && first <= messages[0]!.seq;
        const first_seq = isFirst ? first : messages[0]!.seq;
        const options = { chat_id, first_seq, messages, now: unixNow(), contents };
        const { chunk, count } = await encryptHistory(device, key, options);
        if (first_seq !== first) await store(all([first_seq, -1]));
        const position = { device: device.id, chat_id, first_seq };
        await this.#server.writeChunk(key.id, position, chunk);
        const next = messages[count]?.seq;
        if (next !== undefined) taken = window.indexOf(next);
        chunks.push([first_seq, taken]);
      } else if (chunks.length > 0) chunks.at(-1)![1] += taken;
      else skipped += taken;
      rest = rest.slice(taken);
    }
    if (chunks.length > 0) chunks[0]![1] += skipped;
    if (isOld())
      await this.#server.deleteChunk(key.id, { device: device.id, chat_id, first_seq: first! });
    await store(chunks);
    return chunks;
  }

  /** Returns the contents among the messages of some seqs. */
  async #read(chat_id: number, seqs: readonly number[]): Promise<HistoryMessage<Definition>[]> {
    const { storage, records } = this.#context;
    const messages: HistoryMessage<Definition>[] = [];
    for (const seq of seqs) {
      const bytes = await storage.get(keys.message(chat_id, seq));
      const { event, ...fields } = bytes ? records.readStored(bytes) : { event: undefined };
      // The history has no field for a message that a removed device may have written with keys of the past.
      if (event?.kind !== "content" || event.isRemoved) continue;
      const { device } = event.sender;
      messages.push({ ...fields, seq, device, content: event.content } as never);
    }
    return messages;
  }

  /** Stores messages that this device has not read. Returns their number. */
  async restore({
    chat_id,
    messages,
  }: HistoryContents<Definition> & { readonly kind: "messages" }): Promise<number> {
    const { storage, records, chats, emit } = this.#context;
    const store = async () => {
      const changes: StoredChange[] = [];
      for (const { device, content, ...fields } of messages) {
        const known = await storage.get(keys.message(chat_id, fields.seq));
        if (known && records.readStored(known).event.kind !== "unreadable") continue;
        const sender = { user_id: fields.sender_id, device };
        const event = { kind: "content", content, sender, isRemoved: false } as const;
        changes.push(records.store({ ...fields, chat_id } as never, event as never, true));
      }
      if (changes.length > 0) await changeMessages(this.#context, chat_id, changes);
      return changes.length;
    };
    // In a step of the chat, which may be storing the same messages as unreadable.
    const stored = await (chats.get(chat_id)?.run(store) ?? store());
    if (stored === 0) return 0;
    emit({ type: "restored", chat_id, messages: stored });
    return stored;
  }
}

function chatOf(name: string): number {
  return Number(name.split("/")[1]);
}

function seqOf(name: string): number {
  return Number(name.split("/")[2]);
}
