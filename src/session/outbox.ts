import { ValidationError } from "../errors.js";
import { ChatMessage } from "../messages/chat.js";
import type { OutgoingMessage } from "./events.js";
import { Turns } from "./turns.js";

interface Entry {
  readonly message: OutgoingMessage;
  isStored: boolean;
  isSettled: boolean;
  next: Entry | undefined;
}

/** The messages to one chat, in the order of writing. Settled ones are left out when they come first. */
interface Queue {
  first: Entry;
  last: Entry;
}

/**
 * What the user wrote and the server has not acknowledged. Of each chat one message is under way at a time, as the
 * order in which a server stores them is the order that everybody sees.
 */
export class Outbox {
  turns = new Turns<Queue>();
  readonly #queues = new Map<number, Queue>();
  readonly #byClientId = new Map<string, Entry>();
  readonly #userId: number;

  /** Throws ValidationError for an entry that is none. */
  constructor(pending: Iterable<OutgoingMessage>, userId: number) {
    this.#userId = userId;
    for (const message of pending) {
      if (this.get(message.client_id)) continue;
      this.add(message);
      this.markStored(message.client_id);
    }
  }

  /** The message of a client id, or of what a peer says is one. */
  get(clientId: unknown): OutgoingMessage | undefined {
    return this.#byClientId.get(clientId as string)?.message;
  }

  /** The same, if the message is under way on this connection: of what it was not sent a server can say nothing. */
  underWay(clientId: unknown): OutgoingMessage | undefined {
    const message = this.get(clientId);
    if (message === undefined) return undefined;
    const queue = this.#queues.get(message.chat_id)!;
    return queue.first.message === message && this.turns.has(queue) ? message : undefined;
  }

  /** Appends a message, which is not sent before it is stored. Throws ValidationError for one that its writer does not send. */
  add(written: OutgoingMessage): OutgoingMessage {
    const { client_id, ...checked } = ChatMessage.parse(written);
    if (client_id === undefined || checked.sender_id !== this.#userId) {
      const issue = { path: [], message: "must have its writer as sender_id, and a client_id" };
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

  markStored(clientId: string): void {
    const entry = this.#byClientId.get(clientId);
    if (entry === undefined) return;
    entry.isStored = true;
    this.#askForTurn(this.#queues.get(entry.message.chat_id)!);
  }

  /** Removes a message that it has. */
  remove(clientId: string): void {
    const entry = this.#byClientId.get(clientId)!;
    this.#byClientId.delete(clientId);
    entry.isSettled = true;
    const { chat_id } = entry.message;
    const queue = this.#queues.get(chat_id)!;
    if (queue.first !== entry) return;
    this.turns.end(queue);
    let first: Entry | undefined = entry;
    while (first?.isSettled) first = first.next;
    if (first === undefined) {
      this.#queues.delete(chat_id);
    } else {
      queue.first = first;
      this.#askForTurn(queue);
    }
  }

  /** A new connection: nothing is under way on it. */
  connect(): void {
    this.turns = new Turns();
    for (const queue of this.#queues.values()) this.#askForTurn(queue);
  }

  /** The messages to send now, which are under way from then on; undefined if the connection is none. */
  due(now: number): OutgoingMessage[] | undefined {
    return this.turns.due(now)?.map(({ first }) => first.message);
  }

  /** Has a message that is under way wait until `at`. */
  postpone({ chat_id }: OutgoingMessage, at: number): void {
    this.turns.postpone(this.#queues.get(chat_id)!, at);
  }

  #askForTurn(queue: Queue): void {
    if (queue.first.isStored) this.turns.want(queue);
  }
}
