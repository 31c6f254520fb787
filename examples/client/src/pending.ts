import type { ChatMessage } from "lacre";
import { ClientError as NotSentError } from "lacre/client";
import { type ChatCipher, type ChatKey, encryptMessage, type TextContent } from "lacre/e2e";
import type { OutgoingMessage } from "lacre/session";
import type { Account } from "./account.js";
import type { ChatBook } from "./chat-book.js";
import { type ChatClosedError, StoppedError, StoreError } from "./errors.js";
import type { MessengerEvent } from "./events.js";
import { isSame, type OpenChat } from "./open-chat.js";
import { type ReadMessage, readMessage, withContent } from "./read-message.js";
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
  /** Encrypts and stores a message with `cipher` and `store`, and sends it. */
  readonly send: (chatId: number, content: TextContent, clientId: string) => Promise<unknown>;
  /** Stops sending a message. */
  readonly stopSending: (clientId: string) => void;
  /** Returns whether the events of a chat are delivered. */
  readonly isTaken: (chatId: number) => boolean;
  /** Receives the error of a removal that failed. */
  readonly onStoreError: (error: StoreError) => void;
}

/** A text that is being encrypted and stored. */
interface Draft {
  readonly content: TextContent;
  keyCheck?: Uint8Array;
  encrypted?: OutgoingMessage;
}

/** The messages that the server has not acknowledged. Each is stored in the account's outbox too. */
export class Pending {
  readonly #options: PendingOptions;
  /** Messages by client id, in the order in which they were written. */
  readonly #messages: Map<string, PendingMessage>;
  readonly #drafts = new Map<string, Draft>();
  /** Client ids of messages that are not sent any more, and stay stored until `forget`. */
  readonly #withdrawn = new Set<string>();

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
   * @throws {StoppedError} if the client has stopped.
   */
  async write(chat_id: number, content: TextContent): Promise<ReadMessage> {
    const { account, book, send } = this.#options;
    if (book.keyOf(chat_id) === undefined) throw book.whyNoKey(chat_id);
    const client_id = crypto.randomUUID();
    const draft: Draft = { content };
    this.#drafts.set(client_id, draft);
    try {
      await send(chat_id, content, client_id);
    } catch (error) {
      if (!(error instanceof NotSentError)) throw error;
      throw error.code === "ERR_NOT_STORED" ? error.cause : new StoppedError();
    } finally {
      this.#drafts.delete(client_id);
    }
    return withContent(draft.encrypted!, account.user_id, content);
  }

  /** Encrypts texts with the keys of their chats. It decrypts nothing, because a chat may have to be listed before. */
  readonly cipher: ChatCipher<TextContent, undefined> = {
    encrypt: async (message) => {
      const { book } = this.#options;
      const key = book.keyOf(message.chat_id);
      if (key === undefined) throw book.whyNoKey(message.chat_id);
      const draft = this.#drafts.get(message.client_id!);
      if (draft !== undefined) draft.keyCheck = key.check;
      return encryptMessage(key, message);
    },
    decrypt: async () => undefined,
  };

  /** Stores an encrypted text. @throws {ChatClosedError} if its chat was closed meanwhile. */
  async store(encrypted: OutgoingMessage): Promise<void> {
    const { account, book } = this.#options;
    const { client_id, chat_id } = encrypted;
    const draft = this.#drafts.get(client_id)!;
    const { keyCheck } = draft;
    await account.stores.outbox.add({ ...encrypted, key_check: keyCheck! });
    const current = book.keyOf(chat_id);
    if (current === undefined || !isSame(current.check, keyCheck!)) throw book.whyNoKey(chat_id);
    draft.encrypted = encrypted;
    this.#messages.set(client_id, { encrypted, keyCheck: keyCheck!, content: draft.content });
  }

  /** Removes a stored message, unless it was withdrawn and is to be given back. */
  async remove(clientId: string): Promise<void> {
    if (!this.#withdrawn.has(clientId)) await this.#options.account.stores.outbox.remove(clientId);
  }

  /**
   * Takes out a message that the server has accepted or rejected, and returns it with its content. Returns undefined for a
   * withdrawn one, which is given back.
   */
  async settle(encrypted: ChatMessage): Promise<ReadMessage | undefined> {
    const client_id = encrypted.client_id!;
    const message = this.#messages.get(client_id);
    if (message === undefined || message.isWithdrawn) return undefined;
    this.#messages.delete(client_id);
    return this.read({ ...message, encrypted: { ...encrypted, client_id } });
  }

  /** Removes a message that was given back. If this fails, the next messenger gives it back again. */
  async forget(clientId: string): Promise<void> {
    const { account, onStoreError } = this.#options;
    try {
      await account.stores.outbox.remove(clientId);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      onStoreError(error);
    }
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
      this.#withdrawn.add(encrypted.client_id);
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
  for (const { encrypted } of stale) {
    try {
      await stores.outbox.remove(encrypted.client_id);
    } catch (error) {
      // It comes again in the next run. An error here would lose the texts that are removed already.
      if (!(error instanceof StoreError)) throw error;
    }
  }
  return unsent;
}

function fromQueued({ key_check: keyCheck, ...encrypted }: QueuedMessage): PendingMessage {
  return { encrypted, keyCheck };
}
