import { type ChatMessage, LacreError, StatusEvent } from "lacre";
import { decryptMessage } from "lacre/e2e";
import type { Account } from "./account.js";
import { Inbox } from "./inbox.js";
import type { LiveConnection } from "./live-connection.js";
import type { OpenChat } from "./open-chat.js";
import type { Output } from "./output.js";

export interface ReaderOptions {
  readonly account: Account;
  readonly connection: LiveConnection;
  readonly chat: OpenChat;
  readonly output: Output;
  /** The seq after which messages are shown. */
  readonly after: number;
  /** Tells which of our own messages are shown when they are acknowledged. */
  readonly isSentHere?: (client_id: string | undefined) => boolean;
}

/** Decrypts and shows the messages of one chat, and tells the peer what was read. */
export class Reader {
  readonly #options: ReaderOptions;
  readonly #inbox: Inbox;
  #lastOfPeer = 0;
  #reportedAsRead = 0;

  constructor(options: ReaderOptions) {
    this.#options = options;
    const { account, chat, after } = options;
    this.#inbox = new Inbox(
      after,
      (seq) => account.api.listMessages(chat.chat_id, seq),
      (message, seq) => this.#show(message, seq),
    );
  }

  /** Shows what came while we were away. */
  async catchUp(): Promise<void> {
    await this.#inbox.catchUp();
    this.#report();
  }

  /** The peer's message; or, without one, the seq of ours. */
  async take(seq: number, message?: ChatMessage): Promise<void> {
    await this.#inbox.take(seq, message);
    this.#report();
  }

  async #show(message: ChatMessage, seq: number): Promise<void> {
    const { account, chat, output, isSentHere } = this.#options;
    const { sender_id, client_id, timestamp } = message;
    const isMine = sender_id === account.profile.user_id;
    if (isMine && isSentHere?.(client_id)) return;
    if (!isMine) this.#lastOfPeer = seq;
    const from = isMine ? account.profile.username : chat.peer_name;
    try {
      const content = await decryptMessage(chat.key, message);
      const text = content.kind === "text" ? content.text : content.fallback;
      output.message({ chat_id: chat.chat_id, seq, sender_id, from, text, timestamp });
    } catch (error) {
      if (!(error instanceof LacreError)) throw error;
      output.error(error.code, `message ${seq} from ${from} cannot be read: ${error.message}`);
    }
  }

  #report(): void {
    const { account, chat, connection } = this.#options;
    account.moveCursor(chat.peer_name, this.#inbox.cursor);
    if (this.#lastOfPeer <= this.#reportedAsRead) return;
    this.#reportedAsRead = this.#lastOfPeer;
    connection.send(StatusEvent, {
      event_type: "read",
      user_id: account.profile.user_id,
      chat_id: chat.chat_id,
      seq: this.#lastOfPeer,
    });
  }
}
