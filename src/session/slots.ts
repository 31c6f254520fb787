import { Delayed } from "./delayed.js";

/** Maximum number of chats that have a slot at the same time. */
const MAX_SLOTS = 16;
/** Seconds without an answer after which a request is sent again. */
const ANSWER_TIMEOUT = 10;
/** Number of unanswered attempts after which the connection counts as silent. */
const MAX_ATTEMPTS = 3;
/**
 * Maximum seconds for which a postponed chat keeps its slot. With a longer time, a few postponed chats stop all others. With
 * none, the client sends requests for one chat after the other as fast as the server rejects them. If others wait at the end of
 * that time, it goes behind them.
 */
const MAX_POSTPONED_SLOT = 1;

interface Slot {
  /** When to send, or to release the slot. Unix time in seconds. */
  readonly until: number;
  readonly attempts: number;
  /** When to request another slot. Unix time in seconds. */
  readonly postponedTo?: number;
}

/**
 * Limits the chats that have a request in flight. A chat keeps its slot until the answer; other chats wait in a queue. A client
 * with many chats then does not flood the server, and does not iterate over all chats at each event.
 */
export class Slots<Chat extends object> {
  readonly #waiting = new Set<Chat>();
  readonly #inFlight = new Map<Chat, Slot>();
  readonly #postponed = new Delayed<Chat>();

  /** Queues a chat for a slot, unless it has one or is postponed. */
  request(chat: Chat): void {
    if (!this.has(chat)) this.#waiting.add(chat);
  }

  /** Whether a chat has a slot or is postponed, so that an answer of the peer may concern it. */
  has(chat: Chat): boolean {
    return this.#inFlight.has(chat) || this.#postponed.has(chat);
  }

  /** Releases the slot of a chat and removes the chat from the queue. */
  release(chat: Chat): void {
    this.#waiting.delete(chat);
    this.#inFlight.delete(chat);
    this.#postponed.delete(chat);
  }

  /** Counts an answer of the peer to a chat with several requests in flight: the others have 10 s from now. */
  renew(chat: Chat, now: number): void {
    if (this.#inFlight.has(chat))
      this.#inFlight.set(chat, { until: now + ANSWER_TIMEOUT, attempts: 1 });
  }

  /** Whether other chats wait for a slot. */
  get areWanted(): boolean {
    return this.#waiting.size > 0;
  }

  /** Stops a chat from sending until `at`, Unix time in seconds. The wait does not count as silence of the connection. */
  postpone(chat: Chat, at: number, now: number): void {
    this.release(chat);
    const until = Math.min(at, now + MAX_POSTPONED_SLOT);
    this.#inFlight.set(chat, { until, attempts: 0, ...(until < at && { postponedTo: at }) });
  }

  /**
   * Returns the chats that send now and counts their requests as in flight. Returns undefined if a request had no answer to all
   * its attempts, so that the connection counts as silent.
   */
  due(now: number): Chat[] | undefined {
    for (const [chat, { until, attempts, postponedTo }] of this.#inFlight) {
      if (attempts > 0 || until > now) continue;
      if (postponedTo !== undefined) this.#postponed.put(chat, postponedTo);
      else if (this.#waiting.size > 0) this.#waiting.add(chat);
      else continue;
      this.#inFlight.delete(chat);
    }
    for (const chat of this.#postponed.take(now)) this.#waiting.add(chat);
    for (const chat of this.#waiting) {
      if (this.#inFlight.size >= MAX_SLOTS) break;
      this.#waiting.delete(chat);
      this.#inFlight.set(chat, { until: now, attempts: 0 });
    }
    const due = [...this.#inFlight].filter(([, { until }]) => until <= now);
    for (const [chat, { attempts }] of due) {
      if (attempts === MAX_ATTEMPTS) return undefined;
      this.#inFlight.set(chat, { until: now + ANSWER_TIMEOUT, attempts: attempts + 1 });
    }
    return due.map(([chat]) => chat);
  }

  /** When to call `due` again, Unix time in seconds. */
  get deadline(): number {
    const times = [...this.#inFlight.values()].map(({ until }) => until);
    return Math.min(this.#postponed.deadline, ...times);
  }
}
