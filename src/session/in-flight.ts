import type { OutgoingMessage } from "./events.js";
import { Slots } from "./slots.js";

/** Maximum number of messages of one chat in flight, if both ends have the capability `pipeline`. */
const MAX_OF_CHAT = 32;
/** Minimum seconds until messages are sent again whose frames, or the answers to them, were lost. */
const MIN_PAUSE = 0.1;
/** Maximum number of messages in flight, and bytes of their contents. A chat with none in flight may always send one. */
const MAX_MESSAGES = 64;
const MAX_BYTES = 1024 * 1024;

/** A message of the outbox. */
export interface Entry {
  readonly message: OutgoingMessage;
  isStored: boolean;
  isSettled: boolean;
  next: Entry | undefined;
  /** Number of the last connection that sent it. */
  sentOn: number | undefined;
}

/**
 * Linked list of the messages to one chat, in the order in which they were written. Settled ones are removed once they are
 * first.
 */
export class Queue {
  /** Undefined once all messages are settled. The queue is not used again then. */
  first: Entry | undefined;
  last: Entry;
  /** The messages in flight, in the order in which they were sent. */
  sent: Entry[] = [];
  /** The message that was sent last since none was in flight. */
  lastSent: Entry | undefined;
  /** Whether one of them has to be sent again, so that no more are sent until all have an answer. */
  isBroken = false;
  /** When to send again, Unix time in seconds. */
  retryAt: number | undefined;

  constructor(only: Entry) {
    this.first = only;
    this.last = only;
  }

  /** Counts no message as in flight. */
  reset(): void {
    this.sent = [];
    this.lastSent = undefined;
    this.isBroken = false;
    this.retryAt = undefined;
  }
}

/**
 * Decides which messages of the outbox are in flight on a connection (S-5, S-5a of docs/PROTOCOL.md). Each but the first one of a chat
 * names the one before it. The server answers in order, and refuses a message whose predecessor it refused or did not get.
 */
export class InFlight {
  #slots = new Slots<Queue>();
  #connection = 0;
  /**
   * Maximum number of messages of a chat: 1 without pipelining, or after the server was busy. Half as many after messages had to be sent
   * again, and one more for each acknowledgement.
   */
  #window = 1;
  #isPipelined = false;
  #messages = 0;
  #bytes = 0;
  /** Queues with a message that has an answer, or needs none any more. */
  readonly #answered = new Set<Queue>();
  /** Queues that begin, or may send more messages. */
  readonly #growing = new Set<Queue>();

  /** Starts a new connection, with no message in flight. */
  connect(isPipelined: boolean, queues: Iterable<Queue>): void {
    this.#slots = new Slots();
    this.#connection += 1;
    this.#isPipelined = isPipelined;
    this.#window = isPipelined ? MAX_OF_CHAT : 1;
    this.#messages = 0;
    this.#bytes = 0;
    this.#answered.clear();
    this.#growing.clear();
    for (const queue of queues) {
      queue.reset();
      this.request(queue);
    }
  }

  /** Whether this connection sent a message. A server cannot answer one that it was not sent. */
  wasSent({ sentOn }: Entry): boolean {
    return sentOn === this.#connection;
  }

  /** Requests that a queue sends its messages that are stored. */
  request(queue: Queue): void {
    if (queue.sent.length > 0) this.#growing.add(queue);
    else if (queue.first?.isStored) this.#slots.request(queue);
  }

  /** Notes that a message is acknowledged. */
  accept(queue: Queue, entry: Entry): void {
    if (!this.#answer(queue, entry)) return;
    if (this.#isPipelined) this.#window = Math.min(this.#window + 1, MAX_OF_CHAT);
  }

  /** Notes that a message is finally rejected. The server refuses those that follow it. */
  reject(queue: Queue, entry: Entry): void {
    if (this.#answer(queue, entry)) queue.isBroken ||= queue.sent.length > 0;
  }

  /** Notes that the server refused a message until `retryAt`, Unix time in seconds, because it is busy or for the order. */
  refuse(queue: Queue, entry: Entry, retryAt: number, isBusy: boolean): void {
    if (!this.#answer(queue, entry)) return;
    queue.isBroken = true;
    queue.retryAt = Math.max(queue.retryAt ?? retryAt, retryAt);
    if (isBusy) this.#window = 1;
  }

  /** Notes that a message needs no answer any more. */
  drop(queue: Queue, entry: Entry): void {
    const at = queue.sent.indexOf(entry);
    if (at >= 0) this.#land(queue, queue.sent.splice(at, 1));
    // It may wait for a slot, or until the server is not busy any more.
    else if (queue.sent.length === 0 && !queue.first?.isStored) this.#slots.release(queue);
  }

  /** Returns the messages to send now and counts them as in flight. Returns undefined if the connection does not answer. */
  due(now: number): OutgoingMessage[] | undefined {
    for (const queue of this.#answered) {
      if (queue.sent.length === 0) this.#end(queue, now);
      else this.#slots.renew(queue, now);
    }
    this.#answered.clear();
    const starting = this.#slots.due(now);
    if (starting === undefined) return undefined;
    for (const queue of starting) {
      this.#land(queue, queue.sent);
      queue.reset();
    }
    const due = [...this.#growing].flatMap((queue) => this.#fill(queue));
    this.#answered.clear();
    this.#growing.clear();
    return due;
  }

  /** When to call `due` again, Unix time in seconds. */
  get deadline(): number {
    return this.#slots.deadline;
  }

  /** Handles an answer to a message. Returns false if the message is not in flight: it was sent again since then. */
  #answer(queue: Queue, entry: Entry): boolean {
    const at = queue.sent.indexOf(entry);
    if (at === -1) return false;
    // The frames of those before it, or the answers to them, were lost.
    if (at > 0) queue.isBroken = true;
    this.#land(queue, queue.sent.splice(0, at + 1));
    return true;
  }

  #land(queue: Queue, entries: readonly Entry[]): void {
    this.#messages -= entries.length;
    for (const { message } of entries) this.#bytes -= message.content.length;
    this.#answered.add(queue);
    this.#growing.add(queue);
  }

  /** Releases the slot of a queue that has no message in flight, for the other chats, and requests another one. */
  #end(queue: Queue, now: number): void {
    this.#growing.delete(queue);
    if (queue.isBroken) this.#window = Math.max(1, this.#window >> 1);
    const retryAt = queue.retryAt ?? (queue.isBroken ? now + MIN_PAUSE : undefined);
    if (queue.first?.isStored && retryAt !== undefined) {
      return this.#slots.postpone(queue, retryAt, now);
    }
    this.#slots.release(queue);
    this.request(queue);
  }

  /** Counts the next messages of a queue as in flight, as many as there is room for, and returns them. */
  #fill(queue: Queue): OutgoingMessage[] {
    const filled: OutgoingMessage[] = [];
    if (queue.isBroken) return filled;
    let next = queue.lastSent === undefined ? queue.first : queue.lastSent.next;
    for (; next !== undefined && (next.isSettled || this.#hasRoom(queue, next)); next = next.next) {
      if (next.isSettled) continue;
      const { message } = next;
      const isFirst = queue.sent.length === 0;
      filled.push(isFirst ? message : { ...message, follows: queue.lastSent!.message.client_id });
      queue.sent.push(next);
      queue.lastSent = next;
      next.sentOn = this.#connection;
      this.#messages += 1;
      this.#bytes += message.content.length;
    }
    return filled;
  }

  #hasRoom({ sent }: Queue, { isStored, message }: Entry): boolean {
    if (!isStored || sent.length === 0) return isStored;
    const isFull =
      this.#messages >= MAX_MESSAGES || this.#bytes + message.content.length > MAX_BYTES;
    return sent.length < this.#window && !isFull && !this.#slots.areWanted;
  }
}
