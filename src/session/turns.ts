/** Most chats whose turn it is at a time. */
const MOST_AT_A_TIME = 16;
/** Seconds after which what has no answer is sent again. */
const ANSWER_TIMEOUT = 10;
/** Sendings without an answer after which the connection is given up: silence is the network's. */
const MAX_ATTEMPTS = 3;

/**
 * Which chats have something under way that wants an answer. Some have their turn, until they are answered; the others
 * wait for theirs, so that a client with many chats neither floods a server nor looks at each of them at every event.
 */
export class Turns<Chat extends object> {
  readonly #waiting = new Set<Chat>();
  readonly #underWay = new Map<Chat, { retryAt: number; attempts: number }>();

  /** Has a chat wait for its turn, unless it has it. */
  want(chat: Chat): void {
    if (!this.#underWay.has(chat)) this.#waiting.add(chat);
  }

  /** Whether it is the turn of a chat, so that the peer may have something to answer. */
  has(chat: Chat): boolean {
    return this.#underWay.has(chat);
  }

  /** The turn of a chat is over, or it wants none any more. */
  end(chat: Chat): void {
    this.#waiting.delete(chat);
    this.#underWay.delete(chat);
  }

  /** Has a chat that has its turn keep it and send nothing until `retryAt`, without holding the wait against the connection. */
  postpone(chat: Chat, retryAt: number): void {
    this.#underWay.set(chat, { retryAt, attempts: 0 });
  }

  /**
   * The chats that have something to send now, which is under way from then on; undefined if some has had no answer for
   * so long that the connection is none.
   */
  due(now: number): Chat[] | undefined {
    for (const chat of this.#waiting) {
      if (this.#underWay.size === MOST_AT_A_TIME) break;
      this.#waiting.delete(chat);
      this.#underWay.set(chat, { retryAt: now, attempts: 0 });
    }
    const due = [...this.#underWay].filter(([, { retryAt }]) => retryAt <= now);
    for (const [, turn] of due) {
      if (turn.attempts === MAX_ATTEMPTS) return undefined;
      turn.retryAt = now + ANSWER_TIMEOUT;
      turn.attempts += 1;
    }
    return due.map(([chat]) => chat);
  }

  /** When to look again, Unix time in seconds. */
  get deadline(): number {
    return Math.min(...[...this.#underWay].map(([, { retryAt }]) => retryAt));
  }
}
