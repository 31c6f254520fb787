import type { ChatMessage } from "lacre";
import { DatabaseUnavailableError } from "../database/database-unavailable.js";
import type { Store } from "../database/store.js";
import { HttpError } from "../errors.js";
import { type StoredInChat, type StoringOptions, storeMessages } from "./store-messages.js";

/** Maximum number of messages of a batch, and of bytes of content if it has more than one message. */
const MAX_MESSAGES = 512;
const MAX_BYTES = 4 * 1024 * 1024;

interface Waiting {
  readonly message: ChatMessage;
  readonly resolve: (stored: StoredInChat) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Stores the messages of all connections of this instance in batches, in the order in which they were added: one batch has all
 * that was received together, or while the batch before it was being written.
 */
export class AppendQueue {
  readonly #store: Store;
  readonly #options: StoringOptions;
  #waiting: Waiting[] = [];
  #isRunning = false;

  constructor(store: Store, options: StoringOptions = {}) {
    this.#store = store;
    this.#options = options;
  }

  /**
   * Stores a message (`storeMessages`). It is on disk when the promise resolves.
   *
   * @throws {HttpError} if the sender may not send it, or would have too many stored bytes.
   */
  add(message: ChatMessage): Promise<StoredInChat> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ message, resolve, reject });
      if (this.#isRunning) return;
      this.#isRunning = true;
      // What else was received is handled before.
      setImmediate(() => void this.#run());
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) await this.#append(this.#take());
    this.#isRunning = false;
  }

  #take(): Waiting[] {
    let count = 0;
    for (let bytes = 0; count < Math.min(this.#waiting.length, MAX_MESSAGES); count++) {
      bytes += this.#waiting[count]!.message.content.length;
      if (count > 0 && bytes > MAX_BYTES) break;
    }
    return this.#waiting.splice(0, count);
  }

  /** Stores a batch. If a part of it can fail it, stores the parts. */
  async #append(batch: readonly Waiting[]): Promise<void> {
    try {
      const messages = batch.map(({ message }) => message);
      const outcomes = await storeMessages(this.#store, messages, this.#options);
      for (const [index, { resolve, reject }] of batch.entries()) {
        const outcome = outcomes[index]!;
        if (outcome instanceof HttpError) reject(outcome);
        else resolve(outcome);
      }
    } catch (error) {
      const isUnavailable = error instanceof DatabaseUnavailableError;
      const chats = byChat(batch);
      if (chats.length > 1 && (!isUnavailable || error.isOfTransaction))
        await Promise.all(chats.map((part) => this.#append(part)));
      else if (batch.length > 1 && !isUnavailable)
        for (const one of batch) await this.#append([one]);
      else for (const { reject } of batch) reject(error);
    }
  }
}

function byChat(batch: readonly Waiting[]): Waiting[][] {
  const chats = new Map<number, Waiting[]>();
  for (const one of batch) {
    const { chat_id } = one.message;
    const chat = chats.get(chat_id);
    if (chat === undefined) chats.set(chat_id, [one]);
    else chat.push(one);
  }
  return [...chats.values()];
}
