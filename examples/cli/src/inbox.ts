import type { ChatMessage, MessageListResponse } from "lacre";
import { Failure } from "./failure.js";

/** Hands the messages of one chat over in the order of their seq, each once, and asks for those that did not come. */
export class Inbox {
  #cursor: number;
  /** What came before its turn, by seq; undefined for a message of ours that needs no handing over. */
  readonly #held = new Map<number, ChatMessage | undefined>();
  readonly #fetchAfter: (seq: number) => Promise<MessageListResponse>;
  readonly #deliver: (message: ChatMessage, seq: number) => Promise<void>;

  constructor(
    cursor: number,
    fetchAfter: (seq: number) => Promise<MessageListResponse>,
    deliver: (message: ChatMessage, seq: number) => Promise<void>,
  ) {
    this.#cursor = cursor;
    this.#fetchAfter = fetchAfter;
    this.#deliver = deliver;
  }

  /** The seq up to which everything was handed over. */
  get cursor(): number {
    return this.#cursor;
  }

  async take(seq: number, message?: ChatMessage): Promise<void> {
    this.#hold(seq, message);
    await this.#deliverThrough(this.#cursor);
    if (this.#held.size > 0) await this.catchUp();
  }

  /** Fetches everything after the cursor. */
  async catchUp(): Promise<void> {
    let isMore = true;
    while (isMore) {
      const { messages, has_more, through } = await this.#fetchAfter(this.#cursor);
      const reached = through ?? messages.at(-1)?.seq ?? this.#cursor;
      if (has_more && reached <= this.#cursor) {
        throw new Failure("the server says that there are more messages, but does not give them");
      }
      for (const message of messages) {
        if (message.seq !== undefined) this.#hold(message.seq, message);
      }
      await this.#deliverThrough(reached);
      isMore = has_more;
    }
  }

  #hold(seq: number, message: ChatMessage | undefined): void {
    if (seq > this.#cursor && !this.#held.has(seq)) this.#held.set(seq, message);
  }

  /** Up to `through` a seq that is missing does not exist; after it, the first one that is missing ends the turn. */
  async #deliverThrough(through: number): Promise<void> {
    while (this.#cursor < through || this.#held.has(this.#cursor + 1)) {
      const seq = this.#cursor + 1;
      const message = this.#held.get(seq);
      this.#held.delete(seq);
      this.#cursor = seq;
      if (message !== undefined) await this.#deliver(message, seq);
    }
  }
}
