import type { OutgoingMessage } from "./events.js";

/** Seconds after which a message without an answer is sent again. */
const ACK_TIMEOUT = 10;
/** Sendings of one message without an answer after which the connection is given up. */
const MAX_ATTEMPTS = 3;

interface Entry {
  readonly message: OutgoingMessage;
  isStored: boolean;
  /** When to send it again, Unix time in seconds; undefined while it is not under way. */
  deadline: number | undefined;
  attempts: number;
}

/**
 * What the user wrote and the server has not acknowledged. Of each chat one message is under way at a time, as the
 * order in which a server stores them is the order that everybody sees.
 */
export class Outbox {
  readonly #chats = new Map<number, Entry[]>();
  readonly #byClientId = new Map<string, Entry>();

  constructor(pending: Iterable<OutgoingMessage>) {
    for (const message of pending) {
      this.add(message);
      this.markStored(message.client_id);
    }
  }

  has(clientId: string): boolean {
    return this.#byClientId.has(clientId);
  }

  get(clientId: string): OutgoingMessage | undefined {
    return this.#byClientId.get(clientId)?.message;
  }

  /** Appends a message, which is not sent before it is stored. */
  add(message: OutgoingMessage): void {
    const entry = { message, isStored: false, deadline: undefined, attempts: 0 };
    this.#byClientId.set(message.client_id, entry);
    const queue = this.#chats.get(message.chat_id);
    if (queue) queue.push(entry);
    else this.#chats.set(message.chat_id, [entry]);
  }

  markStored(clientId: string): void {
    const entry = this.#byClientId.get(clientId);
    if (entry) entry.isStored = true;
  }

  remove(clientId: string): OutgoingMessage | undefined {
    const entry = this.#byClientId.get(clientId);
    if (entry === undefined) return undefined;
    this.#byClientId.delete(clientId);
    const { chat_id } = entry.message;
    const rest = this.#chats.get(chat_id)!.filter((one) => one !== entry);
    if (rest.length > 0) this.#chats.set(chat_id, rest);
    else this.#chats.delete(chat_id);
    return entry.message;
  }

  /** The messages to send now. They are under way from then on. */
  due(now: number): OutgoingMessage[] {
    const due: OutgoingMessage[] = [];
    for (const [entry] of this.#chats.values()) {
      if (!entry?.isStored || (entry.deadline !== undefined && entry.deadline > now)) continue;
      entry.attempts += 1;
      entry.deadline = now + ACK_TIMEOUT;
      due.push(entry.message);
    }
    return due;
  }

  /** Has a message wait until `at`, without holding the wait against the connection. */
  postpone(clientId: string, at: number): void {
    const entry = this.#byClientId.get(clientId);
    if (entry === undefined) return;
    entry.deadline = at;
    entry.attempts = 0;
  }

  /** Whether some message has had no answer for so long that the connection is none. */
  isUnanswered(now: number): boolean {
    return [...this.#chats.values()].some(
      ([entry]) =>
        entry !== undefined &&
        entry.attempts >= MAX_ATTEMPTS &&
        entry.deadline !== undefined &&
        entry.deadline <= now,
    );
  }

  /** When to look again, Unix time in seconds. */
  get deadline(): number {
    const deadlines = [...this.#chats.values()].map(([entry]) => entry?.deadline);
    return Math.min(...deadlines.map((deadline) => deadline ?? Number.POSITIVE_INFINITY));
  }

  /** A new connection: nothing is under way on it. */
  connect(): void {
    for (const [entry] of this.#chats.values()) {
      if (entry === undefined) continue;
      entry.deadline = undefined;
      entry.attempts = 0;
    }
  }
}
