import type { ChatMessage } from "../messages/chat.js";

/**
 * The messages that the session delivered and that no stored cursor covers yet, by chat. Messages without a seq are not stored,
 * and a server could send them without end.
 */
export class Delivered {
  readonly #messages = new Map<number, ChatMessage[]>();

  add(message: ChatMessage): void {
    if (message.seq === undefined) return;
    const messages = this.#messages.get(message.chat_id);
    if (messages === undefined) this.#messages.set(message.chat_id, [message]);
    else messages.push(message);
  }

  /**
   * Removes and returns the messages that a move of a chat's cursor covers. One that was acknowledged beyond a gap belongs to a
   * later move. Drops those before the move: a malicious server that acknowledges a message with the seq of an older one must not
   * replace that in the storage.
   */
  take(
    chatId: number,
    { from, to }: { readonly from: number; readonly to: number },
  ): ChatMessage[] {
    const messages = this.#messages.get(chatId) ?? [];
    const rest = messages.filter(({ seq }) => seq! > to);
    if (rest.length === 0) this.#messages.delete(chatId);
    else this.#messages.set(chatId, rest);
    return messages.filter(({ seq }) => seq! > from && seq! <= to);
  }
}
