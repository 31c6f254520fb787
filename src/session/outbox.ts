import { objectArgument } from "../arguments.js";
import { equalConstantTime } from "../bytes.js";
import { messageDigest } from "../connection/message-digest.js";
import { ValidationError } from "../errors.js";
import { type Ack, ChatMessage } from "../messages/chat.js";
import type { ErrorResponse } from "../messages/error-response.js";
import type { OutgoingMessage, SessionAction, SessionNotice } from "./events.js";
import { RecentMap } from "./recent-map.js";
import { Slots } from "./slots.js";

/** Fields that the server assigns to a message when it stores it. */
type Stored = Omit<Extract<SessionNotice, { type: "sent" }>, "type" | "client_id" | "chat_id">;

interface Entry {
  readonly message: OutgoingMessage;
  isStored: boolean;
  isSettled: boolean;
  next: Entry | undefined;
}

/**
 * Linked list of the messages to one chat, in the order in which they were written. Settled ones are removed once they are
 * first.
 */
interface Queue {
  first: Entry;
  last: Entry;
}

/**
 * The messages that the server has not acknowledged. One message of each chat is in flight at a time, because the order in
 * which the server stores them is the order of the chat (section 11 of docs/PROTOCOL.md).
 */
export class Outbox {
  #slots = new Slots<Queue>();
  readonly #queues = new Map<number, Queue>();
  readonly #byClientId = new Map<string, Entry>();
  readonly #acknowledged = new RecentMap<true>();
  readonly #userId: number;
  readonly #act: (action: SessionAction) => void;

  /** @throws {ValidationError} if an entry of `pending` is not a valid message of this user. */
  constructor(
    pending: Iterable<OutgoingMessage>,
    userId: number,
    act: (action: SessionAction) => void,
  ) {
    this.#userId = userId;
    this.#act = act;
    for (const message of pending) {
      if (this.#get(objectArgument(message, "options.outbox").client_id)) continue;
      this.#add(message);
      this.markStored(message.client_id);
    }
  }

  /** Adds a message and requests that it is stored. It is sent after that. Reports an invalid message as `failed`. */
  send(written: OutgoingMessage): void {
    // Read getters once, so that the validated values are the stored ones.
    const own = { ...written };
    if (this.#get(own.client_id) || this.#acknowledged.has(own.client_id)) return;
    try {
      const { content, nonce, ...rest } = this.#add(own);
      // Copy the bytes: the application may transfer or wipe those of the action after it stored them.
      const message = { ...rest, content: content.slice(), nonce: nonce.slice() };
      this.#act({ type: "persist", message });
    } catch (error) {
      const { code, message } = error as ValidationError;
      this.#fail(own, code, message);
    }
  }

  /** Marks a message as stored, so that it can be sent. */
  markStored(clientId: string): void {
    const entry = this.#byClientId.get(clientId);
    if (entry === undefined) return;
    entry.isStored = true;
    this.#requestSlot(this.#queues.get(entry.message.chat_id)!);
  }

  /** Fails a message that could not be stored. It is not sent, because a restart of the program would lose it. */
  markNotStored(clientId: string): void {
    const entry = this.#byClientId.get(clientId);
    if (entry === undefined || entry.isStored) return;
    this.#fail(
      entry.message,
      "ERR_NOT_STORED",
      "the message could not be stored, so it was not sent",
    );
    this.#remove(entry.message);
  }

  /** Stops sending a message. A later acknowledgement is ignored. */
  withdraw(clientId: string): void {
    const message = this.#get(clientId);
    if (message === undefined) return;
    this.#acknowledged.add(clientId, true);
    this.#dequeue(message);
  }

  /** Handles an acknowledgement and returns its message; undefined if this connection did not send that message. */
  acknowledge(ack: Ack): OutgoingMessage | undefined {
    const message = this.#inFlight(ack.client_id);
    if (message?.chat_id !== ack.chat_id) return undefined;
    this.#settle(message, ack);
    return message;
  }

  /** Whether the message with this client id was acknowledged or withdrawn. */
  wasAcknowledged(clientId: unknown): boolean {
    return this.#acknowledged.has(clientId as string);
  }

  /** Whether a received message is one of the outbox. If it is, it counts as acknowledged. */
  recognise(message: ChatMessage): boolean {
    const { client_id, seq, message_id, stored_at } = message;
    const own = this.#get(client_id);
    if (own === undefined || seq === undefined) return false;
    if (!equalConstantTime(messageDigest(own), messageDigest(message))) return false;
    this.#settle(own, { seq, message_id, stored_at });
    return true;
  }

  /**
   * Handles an error about a message. `retryAt` is when to retry, Unix time in seconds; undefined if the error is final.
   * Returns false if the error does not concern a message in flight.
   */
  reject(error: ErrorResponse, now: number, retryAt: number | undefined): boolean {
    const message = this.#inFlight(error.details?.client_id);
    if (message === undefined) return false;
    if (retryAt === undefined) {
      this.#fail(message, error.error_code, error.error_message);
      this.#remove(message);
    } else {
      this.#slots.postpone(this.#queues.get(message.chat_id)!, retryAt, now);
    }
    return true;
  }

  /** Starts a new connection, with no message in flight. */
  connect(): void {
    this.#slots = new Slots();
    for (const queue of this.#queues.values()) this.#requestSlot(queue);
  }

  /** Returns the messages to send now and counts them as in flight. Returns undefined if the connection does not answer. */
  due(now: number): OutgoingMessage[] | undefined {
    return this.#slots.due(now)?.map(({ first }) => first.message);
  }

  /** Returns the message with a client id, which may be any value that a peer sends. */
  #get(clientId: unknown): OutgoingMessage | undefined {
    return this.#byClientId.get(clientId as string)?.message;
  }

  /** Returns the message with a client id if it is in flight. A server cannot answer a message that it was not sent. */
  #inFlight(clientId: unknown): OutgoingMessage | undefined {
    const message = this.#get(clientId);
    if (message === undefined) return undefined;
    const queue = this.#queues.get(message.chat_id)!;
    return queue.first.message === message && this.#slots.has(queue) ? message : undefined;
  }

  /**
   * Appends a copy of a message.
   *
   * @throws {ValidationError} if the message is invalid, has another sender than this user, or has no client id.
   */
  #add(written: OutgoingMessage): OutgoingMessage {
    // Do not default to the current time: a session reads no clock, and the timestamp is authenticated data of the encryption.
    const timestamp = written.timestamp ?? Number.NaN;
    const { client_id, ...checked } = ChatMessage.parse({ ...written, timestamp });
    if (client_id === undefined || checked.sender_id !== this.#userId) {
      const issue = {
        path: [],
        message: "needs the user_id of the session as sender_id, and a client_id",
      };
      throw new ValidationError("message", [issue]);
    }
    const message = { ...checked, client_id };
    const entry: Entry = { message, isStored: false, isSettled: false, next: undefined };
    this.#byClientId.set(client_id, entry);
    const queue = this.#queues.get(message.chat_id);
    if (queue === undefined) {
      this.#queues.set(message.chat_id, { first: entry, last: entry });
    } else {
      queue.last.next = entry;
      queue.last = entry;
    }
    return message;
  }

  #settle(message: OutgoingMessage, { seq, message_id, stored_at }: Stored): void {
    const { client_id, chat_id } = message;
    this.#acknowledged.add(client_id, true);
    const notice = { type: "sent", client_id, chat_id, seq, message_id, stored_at } as const;
    this.#act({ type: "deliver", notice });
    this.#remove(message);
  }

  #fail({ client_id, chat_id }: OutgoingMessage, error_code: string, error_message: string): void {
    this.#act({ type: "failed", client_id, chat_id, error_code, error_message });
  }

  /** Removes a message here and from the store. Call it after the action that reports the outcome to the application. */
  #remove(message: OutgoingMessage): void {
    this.#act({ type: "forget", client_id: message.client_id });
    this.#dequeue(message);
  }

  #dequeue({ client_id, chat_id }: OutgoingMessage): void {
    const entry = this.#byClientId.get(client_id)!;
    this.#byClientId.delete(client_id);
    entry.isSettled = true;
    const queue = this.#queues.get(chat_id)!;
    if (queue.first !== entry) return;
    this.#slots.release(queue);
    let first: Entry | undefined = entry;
    while (first?.isSettled) first = first.next;
    if (first === undefined) {
      this.#queues.delete(chat_id);
    } else {
      queue.first = first;
      this.#requestSlot(queue);
    }
  }

  /** When to call `due` again, Unix time in seconds. */
  get deadline(): number {
    return this.#slots.deadline;
  }

  #requestSlot(queue: Queue): void {
    if (queue.first.isStored) this.#slots.request(queue);
  }
}
