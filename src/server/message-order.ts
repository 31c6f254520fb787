import { RejectionError } from "./rejection.js";

/** Maximum number of chats of which the last message is remembered. A session has messages in flight in 16. */
const MAX_CHATS = 64;
/** Seconds after which a client sends again what it sent too early. */
const RETRY_AFTER = 0.1;

/** The order of the messages that a client sends to a chat without waiting for the answers (S-5a). */
export class MessageOrder {
  /** Client id of the last message of each chat that was acknowledged. */
  readonly #last = new Map<number, string>();

  /**
   * Checks that the last message of a chat that was acknowledged is the one with this client id.
   *
   * @throws {RejectionError} `ERR_OUT_OF_ORDER` if it is another one: that one was rejected, or never arrived.
   */
  check(chatId: number, follows: string): void {
    if (this.#last.get(chatId) === follows) return;
    throw new RejectionError(
      "ERR_OUT_OF_ORDER",
      "the message before this one was not stored: send both again, in their order",
      { retry_after: RETRY_AFTER },
    );
  }

  /** Notes that a message is acknowledged. */
  note(chatId: number, clientId: string): void {
    this.#last.delete(chatId);
    this.#last.set(chatId, clientId);
    if (this.#last.size <= MAX_CHATS) return;
    const [oldest] = this.#last.keys();
    this.#last.delete(oldest!);
  }
}
