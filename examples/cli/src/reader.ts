import { type ChatMessage, LacreError, type StatusEvent } from "lacre";
import { decryptMessage } from "lacre/e2e";
import type { OutgoingMessage } from "lacre/session";
import type { Account } from "./account.js";
import type { OpenChat } from "./open-chat.js";
import type { Output } from "./output.js";

/** Decrypts and shows what happens in some chats. */
export class Reader {
  readonly #account: Account;
  readonly #chats: ReadonlyMap<number, OpenChat>;
  readonly #output: Output;
  /** How far each chat was read by its peer. */
  readonly #readByPeer = new Map<number, number>();

  constructor(account: Account, chats: readonly OpenChat[], output: Output) {
    this.#account = account;
    this.#chats = new Map(chats.map((chat) => [chat.chat_id, chat]));
    this.#output = output;
  }

  get chats(): Iterable<OpenChat> {
    return this.#chats.values();
  }

  has(chatId: number): boolean {
    return this.#chats.has(chatId);
  }

  async show(message: ChatMessage): Promise<void> {
    const { chat_id, sender_id, timestamp, seq = 0 } = message;
    const chat = this.#chats.get(chat_id);
    if (chat === undefined) return;
    const { user_id, username } = this.#account.profile;
    const from = sender_id === user_id ? username : chat.peer_name;
    try {
      const text = await textOf(message, chat);
      this.#output.message({ chat_id, seq, sender_id, from, text, timestamp });
    } catch (error) {
      if (!(error instanceof LacreError)) throw error;
      this.#output.error(
        error.code,
        `message ${seq} from ${from} cannot be read: ${error.message}`,
      );
    }
  }

  /** A message of ours that the server has stored; it may be of an earlier run. */
  async showSent(message: OutgoingMessage, seq: number): Promise<void> {
    const { chat_id, client_id } = message;
    const chat = this.#chats.get(chat_id);
    if (chat === undefined) return;
    this.#output.sent({ chat_id, client_id, seq, text: await textOf(message, chat) });
  }

  /** The peer's marks, each time they tell something new. */
  showRead({ event_type, user_id, chat_id = 0, seq = 0 }: StatusEvent): void {
    const chat = this.#chats.get(chat_id);
    if (event_type !== "read" || chat?.peer_id !== user_id) return;
    if (seq <= (this.#readByPeer.get(chat_id) ?? 0)) return;
    this.#readByPeer.set(chat_id, seq);
    this.#output.read({ chat_id, user_id, by: chat.peer_name, seq });
  }
}

async function textOf(message: ChatMessage, { key }: OpenChat): Promise<string> {
  const content = await decryptMessage(key, message);
  return content.kind === "text" ? content.text : content.fallback;
}
