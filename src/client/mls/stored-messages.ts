import { isUnknown, type NewContent } from "../../e2e/content.js";
import type { AnyContentDefinition } from "../../messages/define-content.js";
import type { Context } from "./context.js";
import { keys, storeChunks, storedAtOf, toRewrite, writtenChunks } from "./records.js";
import type { StoredChange } from "./storage.js";
import type { UnsentContent } from "./types.js";

/** The messages in the storage, as far as they are not read by a cipher. */
export class StoredMessages<Definition extends AnyContentDefinition> {
  readonly #context: Context<Definition>;

  constructor(context: Context<Definition>) {
    this.#context = context;
  }

  /** Returns the contents of this device that have no seq, in the order in which they were written. */
  async unsent(): Promise<UnsentContent<Definition>[]> {
    const { storage, records } = this.#context;
    const found: (UnsentContent<Definition> & { readonly timestamp: number })[] = [];
    for (const key of await storage.keys("own/")) {
      const stored = await storage.get(key);
      if (stored === undefined) continue;
      const { chat_id, timestamp, event } = records.readOwn(stored);
      // A kind that the application no longer defines cannot be sent.
      if (event.kind !== "content" || isUnknown(event.content)) continue;
      const client_id = key.slice("own/".length);
      // What this device encrypted is of a kind that it can send.
      const content = event.content as NewContent<Definition>;
      found.push({ chat_id, client_id, content, timestamp });
    }
    found.sort((one, other) => one.timestamp - other.timestamp);
    return found.map(({ timestamp, ...one }) => one);
  }

  async discard(clientId: string): Promise<void> {
    await this.#context.storage.write([[keys.own(clientId), undefined]]);
  }

  async rewind(chatId: number, lastSeq: number): Promise<void> {
    await this.#remove(chatId, (key) => key > keys.message(chatId, lastSeq));
  }

  async expire(chatId: number, until: number): Promise<void> {
    await this.#remove(chatId, (_, value) => storedAtOf(value) <= until);
  }

  async #remove(
    chatId: number,
    isRemoved: (key: string, value: Uint8Array) => boolean,
  ): Promise<void> {
    const { storage } = this.#context;
    const changes: StoredChange[] = [];
    for (const key of await storage.keys(`message/${chatId}/`)) {
      const value = await storage.get(key);
      if (value !== undefined && isRemoved(key, value)) changes.push([key, undefined]);
    }
    // The server may put other messages in the place of those that it has lost.
    if (changes.length > 0) await changeMessages(this.#context, chatId, changes);
  }
}

/** Removes or replaces stored messages of a chat, all of whose chunks are then written again. */
export function changeMessages(
  context: Context<AnyContentDefinition>,
  chatId: number,
  changes: readonly StoredChange[],
): Promise<void> {
  const { storage, own, changedChats, chunksInOrder, rewrittenChats } = context;
  return chunksInOrder(async () => {
    const device = own.device?.id;
    const chunks = toRewrite(await writtenChunks(storage, chatId, device));
    await storage.write([...changes, storeChunks(chatId, device, chunks)]);
    // After the write, so that a write to the history which began before it does not store its numbers.
    rewrittenChats.add(chatId);
    changedChats.add(chatId);
  });
}
