import { type ChatKey, encryptMessage, type TextContent } from "lacre/e2e";
import type { OutgoingMessage } from "lacre/session";
import type { Account } from "./account.js";
import type { ChatBook } from "./chat-book.js";
import { type ChatClosedError, StoreError } from "./errors.js";
import type { MessengerEvent } from "./events.js";
import { isSame, type OpenChat } from "./open-chat.js";
import { type ReadMessage, readMessage, withContent } from "./read-message.js";
import type { StoreWrites } from "./store-writes.js";
import type { QueuedMessage } from "./stores.js";

/** A message that the server has not acknowledged, in memory. */
export interface PendingMessage {
  readonly encrypted: OutgoingMessage;
  /** Check of the key that encrypted it. */
  readonly keyCheck: Uint8Array;
  /** Plaintext of a message that was written in this run. */
  readonly content?: TextContent;
  /** Whether it is no longer sent, and is reported as failed when its chat is opened or its key can be read. */
  readonly isWithdrawn?: boolean;
}

interface PendingOptions {
  readonly account: Account;
  readonly book: ChatBook;
  /** Entries of the account's outbox. */
  readonly outbox: readonly QueuedMessage[];
  readonly writes: StoreWrites;
  /** Gives a stored message to the session. */
  readonly startSending: (message: OutgoingMessage) => void;
  /** Removes a message from the session. */
  readonly stopSending: (clientId: string) => void;
  /** Returns whether the events of a chat are delivered. */
  readonly isTaken: (chatId: number) => boolean;
}

/** The messages that the server has not acknowledged. Each is stored in the account's outbox too. */
export class Pending {
  readonly #options: PendingOptions;
  /** Messages by client id, in the order in which they were written. */
  readonly #messages: Map<string, PendingMessage>;

  constructor(options: PendingOptions) {
    this.#options = options;
    this.#messages = new Map(
      options.outbox.map((queued) => [queued.client_id, fromQueued(queued)]),
    );
  }

  /** The messages to send, in order. */
  get toSend(): PendingMessage[] {
    return [...this.#messages.values()].filter(({ isWithdrawn }) => !isWithdrawn);
  }

  /**
   * Encrypts and stores a text, and starts to send it. Resolves when it is on disk.
   *
   * @throws {ValidationError} if the text is too long.
   * @throws {StoreError} if it cannot be stored.
   * @throws {ChatClosedError} if the chat is closed.
   */
  async write(chat_id: number, content: TextContent): Promise<ReadMessage> {
    const { account, book, startSending } = this.#options;
    const key = book.keyOf(chat_id);
    if (key === undefined) throw book.whyNoKey(chat_id);
    const client_id = crypto.randomUUID();
    const written = { chat_id, sender_id: account.user_id, content, client_id };
    const encrypted = { ...(await encryptMessage(key, written)), client_id };
    await account.stores.outbox.add({ ...encrypted, key_check: key.check });
    // The chat may have been closed during the encryption or while the text was stored.
    const current = book.keyOf(chat_id);
    if (current === undefined || !isSame(current.check, key.check)) {
      this.forget(client_id);
      throw book.whyNoKey(chat_id);
    }
    // No `await` from here on: `withdraw` must not take out a message that the session gets afterwards.
    this.#messages.set(client_id, { encrypted, keyCheck: key.check, content });
    startSending(encrypted);
    return withContent(encrypted, account.user_id, content);
  }

  /** Takes out a message that the server has accepted or rejected. It stays in the outbox until `forget`. */
  take(clientId: string): PendingMessage | undefined {
    const message = this.#messages.get(clientId);
    this.#messages.delete(clientId);
    return message;
  }

  /** Removes a message from the outbox. */
  forget(clientId: string): void {
    const { account, writes } = this.#options;
    void writes.add(clientId, () => account.stores.outbox.remove(clientId));
  }

  /** Returns a message with its content. Decrypts a message of an earlier run, if its chat is open. */
  read(message: PendingMessage): Promise<ReadMessage> {
    return this.#read(message, this.#options.book.keyOf(message.encrypted.chat_id));
  }

  /** Takes out a chat's messages whose key check is not current or that were withdrawn before, and stops sending them. */
  withdraw(chatId: number, isCurrent: (keyCheck: Uint8Array) => boolean): PendingMessage[] {
    const stale = [...this.#messages.values()].filter(
      ({ encrypted, keyCheck, isWithdrawn }) =>
        encrypted.chat_id === chatId && (isWithdrawn || !isCurrent(keyCheck)),
    );
    // The last one first: without a chat's first message, the session sends the next one.
    for (const { encrypted } of [...stale].reverse()) {
      this.#messages.delete(encrypted.client_id);
      this.#options.stopSending(encrypted.client_id);
    }
    return stale;
  }

  /**
   * Builds `failed` events with the contents of withdrawn messages. Adds those again whose key cannot be read, and those of a
   * chat that was not opened, unless its key is stored and its events are delivered.
   */
  async giveBack(
    withdrawn: readonly PendingMessage[],
    { code: error_code, message: error_message }: ChatClosedError,
  ): Promise<MessengerEvent[]> {
    const events: MessengerEvent[] = [];
    for (const one of withdrawn) {
      const message = await this.#readWithdrawn(one);
      const { client_id } = one.encrypted;
      if (message === undefined) this.#messages.set(client_id, { ...one, isWithdrawn: true });
      else events.push({ type: "failed", message, error_code, error_message });
    }
    return events;
  }

  async #readWithdrawn(message: PendingMessage): Promise<ReadMessage | undefined> {
    const { chat_id } = message.encrypted;
    const { book, isTaken } = this.#options;
    let key: ChatKey | undefined;
    try {
      if (message.content === undefined) key = await this.#keyThatEncrypted(message);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      // The key may be readable later. An event without the content would lose the message.
      return undefined;
    }
    const wasOpened = book.allKeysOf(chat_id).length > 0;
    if (!wasOpened && !(isTaken(chat_id) && key !== undefined)) return undefined;
    return this.#read(message, key);
  }

  async #read({ encrypted, content }: PendingMessage, key: ChatKey | undefined) {
    const { user_id } = this.#options.account;
    if (content === undefined) return readMessage(encrypted, key, user_id);
    return withContent(encrypted, user_id, content);
  }

  async #keyThatEncrypted({ encrypted, keyCheck }: PendingMessage): Promise<ChatKey | undefined> {
    const { account, book } = this.#options;
    const fits = (key: ChatKey) => isSame(key.check, keyCheck);
    const known = book.allKeysOf(encrypted.chat_id).find(fits);
    if (known !== undefined) return known;
    const stored = await account.stores.keys.get(encrypted.chat_id);
    return stored !== undefined && fits(stored) ? stored : undefined;
  }
}

/** Removes and returns a chat's messages in the outbox that another key encrypted. They will not be sent. */
export async function takeUnsent(
  { stores, user_id }: Account,
  { chat_id, key, earlierKey }: OpenChat,
): Promise<ReadMessage[]> {
  const queued = (await stores.outbox.list()).map(fromQueued);
  const stale = queued.filter(
    ({ encrypted, keyCheck }) => encrypted.chat_id === chat_id && !isSame(keyCheck, key.check),
  );
  const unsent = await Promise.all(
    stale.map(({ encrypted }) => readMessage(encrypted, earlierKey, user_id)),
  );
  for (const { encrypted } of stale) await stores.outbox.remove(encrypted.client_id);
  return unsent;
}

function fromQueued({ key_check: keyCheck, ...encrypted }: QueuedMessage): PendingMessage {
  return { encrypted, keyCheck };
}
