import type { ChatMessage } from "lacre";
import type { ChatKey, TextContent } from "lacre/e2e";
import type { Account } from "./account.js";
import type { ChatBook } from "./chat-book.js";
import type { ClientEvent } from "./client.js";
import { type ChatClosedError, StoreError } from "./errors.js";
import type { MessengerEvent } from "./events.js";
import { isSame, type OpenChat } from "./open-chat.js";
import { type ReadMessage, readMessage, withContent } from "./read-message.js";
import type { QueuedMessage } from "./stores.js";

/** Messages that the server has not acknowledged, each with the check of the key that encrypted it. */
export class Queue {
  readonly #account: Account;
  readonly #book: ChatBook;
  readonly #isTaken: (chatId: number) => boolean;
  readonly #stopSending: (clientId: string) => void;
  /** Messages by client id. */
  readonly #pending: Map<string, QueuedMessage>;
  /** Contents of the messages that were written in this run, by client id. */
  readonly #contents = new Map<string, TextContent>();
  /** Withdrawn messages that are reported as failed when their chat is opened. */
  #held: QueuedMessage[] = [];

  /** `stopSending` removes a message from the session. `isTaken` returns whether the events of a chat are delivered. */
  constructor(
    account: Account,
    book: ChatBook,
    pending: readonly QueuedMessage[],
    on: {
      readonly stopSending: (clientId: string) => void;
      readonly isTaken: (chatId: number) => boolean;
    },
  ) {
    this.#account = account;
    this.#book = book;
    this.#pending = new Map(pending.map((message) => [message.client_id, message]));
    this.#stopSending = on.stopSending;
    this.#isTaken = on.isTaken;
  }

  /** Number of messages to send. */
  get size(): number {
    return this.#pending.size;
  }

  /** Returns the messages of a chat, in order. */
  of(chatId: number): QueuedMessage[] {
    return [...this.#pending.values()].filter(({ chat_id }) => chat_id === chatId);
  }

  /** Adds a message and its plaintext content. Returns the message in decrypted form. */
  add(message: QueuedMessage, content: TextContent): ReadMessage {
    this.#pending.set(message.client_id, message);
    this.#contents.set(message.client_id, content);
    return withContent(withoutKeyCheck(message), this.#account.user_id, content);
  }

  /** Removes a message that could not be stored. */
  remove(clientId: string): void {
    this.#pending.delete(clientId);
    this.#contents.delete(clientId);
  }

  /** Removes a message that the server has accepted or rejected. Returns the event to report. */
  async settle(
    event: Extract<ClientEvent, { type: "sent" | "failed" }>,
  ): Promise<MessengerEvent[]> {
    const message = this.#pending.get(event.client_id);
    if (message === undefined) return [];
    this.#pending.delete(event.client_id);
    const result = await this.#eventOf(message, event);
    this.#contents.delete(event.client_id);
    return [result];
  }

  async #eventOf(
    message: QueuedMessage,
    event: Extract<ClientEvent, { type: "sent" | "failed" }>,
  ): Promise<MessengerEvent> {
    if (event.type === "failed") {
      const { type, error_code, error_message } = event;
      return { type, error_code, error_message, message: await this.read(message) };
    }
    const { type, seq, stored_at } = event;
    const stored = { ...message, seq, ...(stored_at !== undefined && { stored_at }) };
    return { type, message: await this.read(stored) };
  }

  /** Returns a message with its content. Decrypts a message of an earlier run, if its chat is open. */
  read(message: QueuedMessage): Promise<ReadMessage> {
    return this.#read(message, this.#book.keyOf(message.chat_id));
  }

  async #read(message: QueuedMessage, key: ChatKey | undefined): Promise<ReadMessage> {
    const content = this.#contents.get(message.client_id);
    const { user_id } = this.#account;
    if (content === undefined) return readMessage(withoutKeyCheck(message), key, user_id);
    return withContent(withoutKeyCheck(message), user_id, content);
  }

  /** Removes a chat's messages whose key check is not current, and stops sending them. Returns them. */
  withdraw(chatId: number, isCurrent: (check: Uint8Array) => boolean): QueuedMessage[] {
    const stale = this.of(chatId).filter(({ key_check }) => !isCurrent(key_check));
    for (const { client_id } of stale) {
      this.#pending.delete(client_id);
      this.#stopSending(client_id);
    }
    return stale;
  }

  /** Removes and returns a chat's messages that `giveBack` has buffered. */
  release(chatId: number): QueuedMessage[] {
    const released = this.#held.filter(({ chat_id }) => chat_id === chatId);
    this.#held = this.#held.filter(({ chat_id }) => chat_id !== chatId);
    return released;
  }

  /**
   * Builds `failed` events with the contents of withdrawn messages. Buffers the messages of a chat that was not opened,
   * unless its key is stored and its events are delivered.
   */
  async giveBack(
    messages: readonly QueuedMessage[],
    { code: error_code, message: error_message }: ChatClosedError,
  ): Promise<MessengerEvent[]> {
    const events: MessengerEvent[] = [];
    for (const message of messages) {
      let key: ChatKey | undefined;
      try {
        if (!this.#contents.has(message.client_id)) key = await this.#keyThatEncrypted(message);
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        // The key may be readable later. An event without the content would lose the message.
        this.#held.push(message);
        continue;
      }
      const wasOpened = this.#book.allKeysOf(message.chat_id).length > 0;
      if (wasOpened || (this.#isTaken(message.chat_id) && key !== undefined)) {
        const read = await this.#read(message, key);
        this.#contents.delete(message.client_id);
        events.push({ type: "failed", message: read, error_code, error_message });
      } else {
        this.#held.push(message);
      }
    }
    return events;
  }

  async #keyThatEncrypted({ chat_id, key_check }: QueuedMessage): Promise<ChatKey | undefined> {
    const kept = await this.#account.stores.keys.get(chat_id);
    const keys = [...this.#book.allKeysOf(chat_id), ...(kept === undefined ? [] : [kept])];
    return keys.find(({ check }) => isSame(check, key_check));
  }
}

/** Removes and returns a chat's messages in the outbox that another key encrypted. They will not be sent. */
export async function takeUnsent(
  { stores, user_id }: Account,
  { chat_id, key, earlierKey }: OpenChat,
): Promise<ReadMessage[]> {
  const queued = await stores.outbox.list();
  const stale = queued.filter(
    (message) => message.chat_id === chat_id && !isSame(message.key_check, key.check),
  );
  const unsent = await Promise.all(
    stale.map((one) => readMessage(withoutKeyCheck(one), earlierKey, user_id)),
  );
  for (const { client_id } of stale) await stores.outbox.remove(client_id);
  return unsent;
}

function withoutKeyCheck({ key_check: _, ...message }: QueuedMessage): ChatMessage {
  return message;
}
