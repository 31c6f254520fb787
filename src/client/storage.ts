import type { ChatMessage } from "../messages/chat.js";
import type { OutgoingMessage } from "../session/events.js";

/** The events of a wait for a storage. */
export interface LockOptions {
  /** Aborted when the client stops: the wait then rejects. */
  readonly signal: AbortSignal;
  /** Take the storage from the client that holds it, if the storage can. */
  readonly steal: boolean;
  /** Call it if another client holds the storage. */
  readonly onWait: () => void;
  /** Call it if another client took the storage over. */
  readonly onLost: () => void;
}

/**
 * Stores what a client needs after a restart: its outbox, its cursors and its messages. All messages are encrypted. Each write
 * resolves when it survives a power failure, and rejects if nothing, or not all, was written. The client repeats failed writes
 * in order, so each may be repeated.
 */
export interface ClientStorage {
  /**
   * Waits until no other client uses the storage. Resolves with a function that ends the use. Without this method, several
   * clients may use it at the same time.
   */
  lock?(options: LockOptions): Promise<() => void | Promise<void>>;
  /** Returns the messages of the outbox in the order in which they were added, and the cursor of each chat. */
  load(): Promise<{
    readonly outbox: readonly OutgoingMessage[];
    readonly cursors: Iterable<readonly [chatId: number, seq: number]>;
  }>;
  /** Adds a message to the outbox. */
  addOutgoing(message: OutgoingMessage): Promise<void>;
  /** Removes a message from the outbox, if it is there. */
  removeOutgoing(clientId: string): Promise<void>;
  /**
   * Sets the cursor of a chat from `from` to `to` and adds the messages that have a seq, in one transaction. Changes nothing if
   * the stored cursor is neither `from` nor missing, because another client moved it. If `to` is less than `from`, removes the
   * messages after `to`: the server lost them.
   */
  moveCursor(
    chatId: number,
    move: { readonly from: number; readonly to: number },
    messages: readonly ChatMessage[],
  ): Promise<void>;
  /** Returns the last `limit` stored messages of a chat before the seq `before`, sorted by seq. */
  messages(
    chatId: number,
    page: { readonly before: number; readonly limit: number },
  ): Promise<ChatMessage[]>;
  /**
   * Removes the messages of a chat that the server stored up to `until`, Unix time in seconds: those that expired, such as up to
   * `expired_until` of the list of chats. `Infinity` removes all of the chat. The cursor stays where it is.
   */
  expire(chatId: number, until: number): Promise<void>;
  /** Removes all data, for example at a logout. Call it after the client has stopped. */
  clear(): Promise<void>;
}
