import type { Account } from "./account.js";
import { noteAnswer } from "./open-chat.js";
import type { ReadMessage } from "./read-message.js";

/** The chats in which a message of the peer was decrypted. After that, the key parameters of a chat may not change. */
export class Answers {
  readonly #account: Account;
  readonly #chats = new Set<number>();
  /** Those of the chats whose pins do not have it yet. */
  readonly #unstored = new Set<number>();

  constructor(account: Account) {
    this.#account = account;
  }

  /** Records a message. */
  note({ chat_id, isOwn, content }: ReadMessage): void {
    if (isOwn || content.kind === "unreadable" || this.#chats.has(chat_id)) return;
    this.#chats.add(chat_id);
    this.#unstored.add(chat_id);
  }

  /** Stores in a chat's pin that the peer has answered, unless it is stored. @throws {StoreError} if that fails. */
  async store(chatId: number): Promise<void> {
    if (!this.#unstored.has(chatId)) return;
    await noteAnswer(this.#account, chatId);
    this.#unstored.delete(chatId);
  }
}
