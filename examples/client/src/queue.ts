import type { ChatMessage } from "lacre";
import type { ChatKey, TextContent } from "lacre/e2e";
import type { Account } from "./account.js";
import type { ChatBook } from "./chat-book.js";
import type { Heard } from "./client.js";
import { type ChatClosedError, StoreError } from "./errors.js";
import type { MessengerEvent } from "./events.js";
import { isSame, type OpenChat } from "./open-chat.js";
import { type ReadMessage, readMessage, withContent } from "./read-message.js";
import type { QueuedMessage } from "./stores.js";

/** The messages that the server has not acknowledged, with the keys that encrypted them. */
export class Queue {
  readonly #account: Account;
  readonly #book: ChatBook;
  readonly #isTaken: (chatId: number) => boolean;
  readonly #stopSending: (clientId: string) => void;
  /** By client id. */
  readonly #pending: Map<string, QueuedMessage>;
  /** Contents of the pending messages that this run has written, by client id. */
  readonly #contents = new Map<string, TextContent>();
  /** Messages that are not sent because their chat has another key now, and whose chat was not opened here. */
  #held: QueuedMessage[] = [];

  /** `stopSending` takes a message out of the session; `isTaken` says whether events of a chat are wanted. */
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

  /** How many messages wait to be sent. */
  get size(): number {
    return this.#pending.size;
  }

  /** What waits to be sent in a chat, in order. */
  of(chatId: number): QueuedMessage[] {
    return [...this.#pending.values()].filter(({ chat_id }) => chat_id === chatId);
  }

  /** Adds a message that was encrypted from a content. Returns it as the user sees it. */
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

  /** Removes a message that the server has accepted or rejected, and returns the event for that. */
  async settle(heard: Extract<Heard, { type: "sent" | "failed" }>): Promise<MessengerEvent[]> {
    const message = this.#pending.get(heard.client_id);
    if (message === undefined) return [];
    this.#pending.delete(heard.client_id);
    const event = await this.#eventOf(message, heard);
    this.#contents.delete(heard.client_id);
    return [event];
  }

  async #eventOf(
    message: QueuedMessage,
    heard: Extract<Heard, { type: "sent" | "failed" }>,
  ): Promise<MessengerEvent> {
    if (heard.type === "failed") {
      const { type, error_code, error_message } = heard;
      return { type, error_code, error_message, message: await this.read(message) };
    }
    const { type, seq, stored_at } = heard;
    const stored = { ...message, seq, ...(stored_at !== undefined && { stored_at }) };
    return { type, message: await this.read(stored) };
  }

  /** Returns a message with its content. One of an earlier run is decrypted, if its chat is open. */
  read(message: QueuedMessage): Promise<ReadMessage> {
    return this.#read(message, this.#book.keyOf(message.chat_id));
  }

  async #read(message: QueuedMessage, key: ChatKey | undefined): Promise<ReadMessage> {
    const content = this.#contents.get(message.client_id);
    const { user_id } = this.#account;
    if (content === undefined) return readMessage(withoutKeyCheck(message), key, user_id);
    return withContent(withoutKeyCheck(message), user_id, content);
  }

  /** Stops sending a chat's messages whose keys, by their checks, are not current. Returns these messages. */
  withdraw(chatId: number, isCurrent: (check: Uint8Array) => boolean): QueuedMessage[] {
    const stale = this.of(chatId).filter(({ key_check }) => !isCurrent(key_check));
    for (const { client_id } of stale) {
      this.#pending.delete(client_id);
      this.#stopSending(client_id);
    }
    return stale;
  }

  /** Removes and returns the messages that were held until their chat is opened. */
  release(chatId: number): QueuedMessage[] {
    const released = this.#held.filter(({ chat_id }) => chat_id === chatId);
    this.#held = this.#held.filter(({ chat_id }) => chat_id !== chatId);
    return released;
  }

  /**
   * Reports withdrawn messages as failed, with their texts. Holds those of chats that were not opened here, unless their keys
   * are kept and events of the chat are wanted.
   */
  async giveBack(
    messages: readonly QueuedMessage[],
    { code: error_code, message: error_message }: ChatClosedError,
  ): Promise<MessengerEvent[]> {
    const events: MessengerEvent[] = [];
    for (const message of messages) {
      let key: ChatKey | undefined;
      try {
        key = await this.#keyThatEncrypted(message);
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        // The key may be readable later. Reported without its text, the message would be lost.
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

/** Removes and returns what waits in a chat under another key than the chat has: it will not be sent. */
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
