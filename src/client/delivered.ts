import type { ChatMessage } from "../messages/chat.js";

/** The messages that the session delivered and that no stored cursor covers yet, by chat. */
export class Delivered {
  readonly #messages = new Map<number, ChatMessage[]>();

  add(message: ChatMessage): void {
    const messages = this.#messages.get(message.chat_id);
    if (messages === undefined) this.#messages.set(message.chat_id, [message]);
    else messages.push(message);
  }

  /** Removes and returns the messages of a chat up to a seq. One that was acknowledged beyond a gap belongs to a later cursor. */
  take(chatId: number, seq: number): ChatMessage[] {
    const messages = this.#messages.get(chatId) ?? [];
    const isCovered = (message: ChatMessage) => (message.seq ?? 0) <= seq;
    const rest = messages.filter((message) => !isCovered(message));
    if (rest.length === 0) this.#messages.delete(chatId);
    else this.#messages.set(chatId, rest);
    return messages.filter(isCovered);
  }
}
