import type { ChatMessage } from "lacre";
import { encryptMessage } from "lacre/e2e";
import { CLOSE, closeCode, type OutgoingMessage } from "lacre/session";
import type { Account } from "./account.js";
import { ChatBook } from "./chat-book.js";
import { type Client, type Heard, startClient } from "./client.js";
import { LoginEnded, SessionEnded } from "./errors.js";
import type { ChatState, MessengerEvent } from "./events.js";
import { type History, type HistoryPage, readHistory } from "./history.js";
import type { OpenChat } from "./open-chat.js";
import { type ReadMessage, readMessage } from "./read-message.js";
import type { Connect } from "./socket.js";

/** A device that says so is told how far the peers' devices got its messages, and tells them. */
const DELIVERED = "delivered";

export interface MessengerOptions {
  readonly account: Account;
  readonly connect: Connect;
  /** The chats that are read and written from the start. */
  readonly open?: readonly OpenChat[];
  /** The chats whose messages are handed over, once. By default all. Those of others are left for another time. */
  readonly only?: readonly number[];
  /** Where a chat begins of which nothing was handed over yet: at its first message, or after its last. By default the first. */
  readonly begin?: "first" | "last";
  /** Is told one thing after the other. What it was told of a message counts as handed over once it has returned. */
  readonly hear: (event: MessengerEvent) => void | Promise<void>;
}

/** An account's chats, live: what is written is sent, what comes is decrypted and told. */
export class Messenger {
  readonly #options: MessengerOptions;
  readonly #account: Account;
  readonly #book: ChatBook;
  readonly #client: Client;
  /** What the server has not acknowledged, by client id. */
  readonly #pending: Map<string, OutgoingMessage>;
  /** Undefined before the first attempt has come to an end. */
  #isOnline: boolean | undefined;
  #hasEnded = false;
  /** What is heard is acted on one after the other, as are the texts that are written. */
  #acting: Promise<void> = Promise.resolve();
  #writing: Promise<unknown> = Promise.resolve();

  private constructor(
    options: MessengerOptions,
    book: ChatBook,
    outbox: readonly OutgoingMessage[],
    cursors: ReadonlyMap<number, number>,
  ) {
    this.#options = options;
    this.#account = options.account;
    this.#book = book;
    this.#pending = new Map(outbox.map((message) => [message.client_id, message]));
    this.#client = startClient(options.account, {
      connect: options.connect,
      outbox,
      cursors,
      capabilities: this.#takesAny ? [DELIVERED] : [],
      hear: (heard) => void this.#inOrder(() => this.#act(heard)),
      fail: (error) => this.#end(error),
    });
  }

  /** Looks at what is there, and connects. Throws what `Account.listChats` throws, and StoreError. */
  static async start(options: MessengerOptions): Promise<Messenger> {
    const { account, open = [], only, begin = "first" } = options;
    const { outbox, deliveries } = account.stores;
    const chats = await account.listChats();
    const book = new ChatBook(account.user_id);
    book.list(chats);
    for (const chat of open) book.open(chat);
    const cursors = new Map<number, number>();
    for (const { chat_id, last_seq } of chats) {
      // What is not handed over here is not fetched either.
      const isTaken = only === undefined || only.includes(chat_id);
      const first = begin === "first" ? 0 : last_seq;
      const cursor = isTaken ? ((await deliveries.cursor(chat_id)) ?? first) : last_seq;
      cursors.set(chat_id, cursor);
    }
    return new Messenger(options, book, await outbox.list(), cursors);
  }

  get chats(): readonly ChatState[] {
    return this.#book.chats;
  }

  chat(chatId: number): ChatState | undefined {
    return this.#book.get(chatId);
  }

  /** Undefined while the first connection is being made. */
  get isOnline(): boolean | undefined {
    return this.#isOnline;
  }

  /** How many messages the server does not have yet, those of earlier runs among them. */
  get pending(): number {
    return this.#pending.size;
  }

  /** What waits to be sent in a chat, in order. */
  async queued(chatId: number): Promise<ReadMessage[]> {
    const queued = [...this.#pending.values()].filter(({ chat_id }) => chat_id === chatId);
    return Promise.all(queued.map((message) => this.#read(message)));
  }

  /** Has a chat's messages read and written from now on. */
  open(chat: OpenChat): void {
    this.#book.open(chat);
  }

  /** Keeps a text, encrypted, and has it sent. Resolves when it is on the disk. Throws ValidationError for one that is too long. */
  send(chatId: number, text: string, options: { reply_to?: string } = {}): Promise<ReadMessage> {
    const sending = this.#writing.then(() => this.#send(chatId, text, options));
    this.#writing = sending.catch(() => {});
    return sending;
  }

  /** Tells the peer and our other devices that a chat was read up to a seq. */
  markRead(chat_id: number, seq: number): void {
    if (seq < 1) return;
    this.#client.handle({ type: "mark", event_type: "read", chat_id, seq });
    void this.#inOrder(() => this.#tell(this.#book.read(chat_id, seq)));
  }

  /** Tells the peer that we type. Not more often than every few seconds. */
  typing(chat_id: number): void {
    this.#client.handle({ type: "mark", event_type: "typing", chat_id });
  }

  /** The last messages of a chat before a seq: from the server, or what is kept here where that cannot be reached. */
  history(chat_id: number, page: HistoryPage = {}): Promise<History> {
    return readHistory(this.#account, { chat_id, key: this.#book.keyOf(chat_id) }, page);
  }

  /** Asks the server for the chats anew, as after one was begun or has other settings. */
  async refresh(): Promise<void> {
    this.#book.list(await this.#account.listChats());
    await this.#inOrder(() => this.#tell([{ type: "chats" }]));
  }

  /** Closes the connection. Resolves when everything that was told is done with. */
  async stop(): Promise<void> {
    await this.#writing;
    await this.#client.stop();
    await this.#acting;
  }

  get #takesAny(): boolean {
    return this.#options.only === undefined || this.#options.only.length > 0;
  }

  #takes(chatId: number): boolean {
    return this.#options.only?.includes(chatId) ?? true;
  }

  #inOrder(work: () => Promise<void>): Promise<void> {
    this.#acting = this.#acting.then(work).catch((error) => this.#end(error));
    return this.#acting;
  }

  #end(error: unknown): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    void this.#client?.stop();
    void this.#acting.then(() => this.#options.hear({ type: "ended", error }));
  }

  #read(message: ChatMessage): Promise<ReadMessage> {
    return readMessage(message, this.#book.keyOf(message.chat_id), this.#account.user_id);
  }

  async #send(chat_id: number, text: string, { reply_to }: { reply_to?: string }) {
    const key = this.#book.keyOf(chat_id);
    if (key === undefined) throw new TypeError(`chat ${chat_id} was not opened`);
    const client_id = crypto.randomUUID();
    const content = { kind: "text", text, ...(reply_to !== undefined && { reply_to }) } as const;
    const sender_id = this.#account.user_id;
    const encrypted = await encryptMessage(key, { chat_id, sender_id, content, client_id });
    const message = { ...encrypted, client_id };
    // Read before it is sent: what is told of it comes after it was given.
    const written = await this.#read(message);
    this.#pending.set(client_id, message);
    await this.#client.send(message);
    return written;
  }

  async #act(heard: Heard): Promise<void> {
    switch (heard.type) {
      case "message":
        return this.#receive(heard.message);
      case "cursor":
        if (!this.#takes(heard.chat_id)) return;
        return this.#account.stores.deliveries.advance(heard.chat_id, heard.seq, heard.messages);
      case "status":
        return this.#tell(this.#book.note(heard.status));
      case "online":
      case "offline":
        return this.#connected(heard.type === "online", heard);
      case "sent":
      case "failed":
        return this.#settle(heard);
      case "rewound":
        this.#book.rewind(heard.chat_id, heard.last_seq);
        if (this.#takes(heard.chat_id)) {
          await this.#account.stores.deliveries.rewind(heard.chat_id, heard.last_seq);
        }
        return this.#tell([heard]);
      default:
        return this.#tell([heard]);
    }
  }

  async #receive(message: ChatMessage): Promise<void> {
    const { chat_id } = message;
    if (this.#book.get(chat_id) === undefined) await this.#refreshQuietly();
    const counted = this.#book.count(message);
    if (this.#takes(chat_id)) {
      await this.#tell([{ type: "message", message: await this.#read(message) }]);
    }
    await this.#tell(counted);
  }

  async #settle(heard: Extract<Heard, { type: "sent" | "failed" }>): Promise<void> {
    const message = this.#pending.get(heard.client_id);
    this.#pending.delete(heard.client_id);
    if (message === undefined) return;
    if (heard.type === "sent") {
      const { seq } = heard;
      return this.#tell([{ type: "sent", message: await this.#read({ ...message, seq }) }]);
    }
    const { error_code, error_message } = heard;
    const failed = { type: "failed", error_code, error_message } as const;
    return this.#tell([{ ...failed, message: await this.#read(message) }]);
  }

  /** Every attempt in vain is another `offline`; the first is told. */
  async #connected(
    isOnline: boolean,
    heard: Extract<Heard, { type: "online" | "offline" }>,
  ): Promise<void> {
    const isNew = this.#isOnline !== isOnline;
    this.#isOnline = isOnline;
    if (!isOnline) this.#book.forgetPresence();
    if (isNew) await this.#tell([{ type: "connection", isOnline }]);
    if (isOnline && this.#takesAny) await this.#refreshQuietly();
    if (heard.type === "offline" && !heard.retry) this.#end(whyEnded(heard.code));
  }

  /** The list is asked for again where it may have changed; without an answer, what is known has to do. */
  async #refreshQuietly(): Promise<void> {
    try {
      this.#book.list(await this.#account.listChats());
    } catch {
      return;
    }
    await this.#tell([{ type: "chats" }]);
  }

  async #tell(events: readonly MessengerEvent[]): Promise<void> {
    for (const event of events) await this.#options.hear(event);
  }
}

function whyEnded(code: number): Error {
  return code === CLOSE.notAuthorised || code === CLOSE.policy
    ? new LoginEnded("ended")
    : new SessionEnded(closeCode(code).name);
}
