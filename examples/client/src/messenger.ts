import type { ChatMessage, ChatSummary, StatusEvent } from "lacre";
import { type ChatKey, encryptMessage } from "lacre/e2e";
import type { Account } from "./account.js";
import { ChatBook } from "./chat-book.js";
import { type Client, type ClientEvent, startClient, whyEnded } from "./client.js";
import { ChatStartedOverError, StoppedError, type StoreError } from "./errors.js";
import type { ChatState, MessengerEvent } from "./events.js";
import { firstCursors } from "./first-cursors.js";
import { type History, type HistoryPage, readHistory } from "./history.js";
import type { MessengerOptions } from "./messenger-options.js";
import { isSame, noteAnswer, type OpenChat, whyClosed } from "./open-chat.js";
import { Queue } from "./queue.js";
import { type ReadMessage, readMessage } from "./read-message.js";
import { StoreWrites } from "./store-writes.js";
import type { QueuedMessage } from "./stores.js";

/** Capabilities of this client: delivery receipts and `chat_changed` events. */
const CAPABILITIES = ["delivered", "chat_changed"];

/** Manages the chats of an account: sends texts, decrypts received messages and reports events. */
export class Messenger {
  readonly #options: MessengerOptions;
  readonly #account: Account;
  readonly #book: ChatBook;
  readonly #client: Client;
  readonly #queue: Queue;
  /** Undefined until the first attempt to connect has succeeded or failed. */
  #isOnline: boolean | undefined;
  /** Seconds by which the server's clock is ahead of this device's. */
  #serverAhead = 0;
  /** Error with which the messenger has ended. */
  #ended: { readonly error: unknown } | undefined;
  /** Ids of the chats in which a message of the peer was decrypted. */
  readonly #answered = new Set<number>();
  /** Ids of the chats whose messages are delivered; undefined for all. */
  #only: readonly number[] | undefined;
  readonly #writes = new StoreWrites((error) => {
    void this.#inOrder(() => this.#reportStore(error));
  });
  /** Error of the stores that was last reported to the application. */
  #storeError: StoreError | undefined;
  /** Settles when all earlier events are handled. */
  #acting: Promise<unknown> = Promise.resolve();
  #writing: Promise<unknown> = Promise.resolve();
  #isStopped = false;

  private constructor(
    options: MessengerOptions,
    book: ChatBook,
    outbox: readonly QueuedMessage[],
    cursors: ReadonlyMap<number, number>,
  ) {
    this.#options = options;
    this.#account = options.account;
    this.#only = options.only;
    this.#book = book;
    this.#queue = new Queue(options.account, book, outbox, {
      stopSending: (clientId) => this.#client.withdraw(clientId),
      isTaken: (chatId) => this.#takes(chatId),
    });
    this.#client = startClient(options.account, {
      connect: options.connect,
      outbox,
      cursors,
      capabilities: this.#takesAny ? CAPABILITIES : ["chat_changed"],
      prepare: () => this.#prepare(),
      onEvent: (event) => this.#inOrder(() => this.#act(event)),
      fail: (error) => this.#end(error),
      writes: this.#writes,
    });
  }

  /** Reads the chats and the outbox, and connects. Throws what `Account.listChatsForNow` and the stores throw. */
  static async start(options: MessengerOptions): Promise<Messenger> {
    const { account, open = [] } = options;
    const chats = await account.listChatsForNow();
    const book = new ChatBook(account.user_id);
    book.list(chats);
    for (const chat of open) book.open(chat);
    const cursors = await firstCursors(options, chats);
    return new Messenger(options, book, await account.stores.outbox.list(), cursors);
  }

  get chats(): readonly ChatState[] {
    return this.#book.chats;
  }

  chat(chatId: number): ChatState | undefined {
    return this.#book.get(chatId);
  }

  /** Returns the latest `stored_at` of a chat's expired messages, Unix time in seconds. */
  expiredUntil({ auto_delete_hours, expired_until }: ChatState): number {
    if (auto_delete_hours === 0) return expired_until;
    const now = Date.now() / 1000 + this.#serverAhead;
    return Math.max(expired_until, now - auto_delete_hours * 3600);
  }

  /** Whether the client is connected. Undefined during the first attempt. */
  get isOnline(): boolean | undefined {
    return this.#isOnline;
  }

  /** Number of messages that the server has not acknowledged, including those of earlier runs. */
  get pending(): number {
    return this.#queue.size;
  }

  /** Returns the queued messages of a chat, in order. */
  async queued(chatId: number): Promise<ReadMessage[]> {
    return Promise.all(this.#queue.of(chatId).map((message) => this.#queue.read(message)));
  }

  /** Opens a chat, so that its messages are sent and decrypted. Reports queued messages under another key as failed. */
  open(chat: OpenChat): void {
    const { chat_id, key, peer_name } = chat;
    this.#book.open(chat);
    const stale = [
      ...this.#queue.release(chat_id),
      ...this.#queue.withdraw(chat_id, (check) => isSame(check, key.check)),
    ];
    const reason = new ChatStartedOverError(peer_name);
    void this.#inOrder(async () => this.#report(await this.#queue.giveBack(stale, reason)));
  }

  /**
   * Encrypts and stores a text, and sends it now or later. Resolves when it is on disk. If it rejects, the text is not sent.
   *
   * @throws {ValidationError} if the text is too long.
   * @throws {StoreError} if it cannot be stored.
   * @throws {ChatClosedError} if the chat is closed.
   * @throws {StoppedError} after `stop`.
   */
  send(chatId: number, text: string, options: { reply_to?: string } = {}): Promise<ReadMessage> {
    if (this.#isStopped) return Promise.reject(new StoppedError());
    const sending = this.#writing.then(() => this.#send(chatId, text, options));
    this.#writing = sending.catch(() => {});
    return sending;
  }

  /** Sends a read receipt up to a seq to the peer and to this user's other devices. */
  markRead(chat_id: number, seq: number): void {
    if (seq < 1) return;
    this.#client.handle({ type: "mark", event_type: "read", chat_id, seq });
    void this.#inOrder(() => this.#report(this.#book.read(chat_id, seq)));
  }

  /** Sends a typing event to the peer, at most once every few seconds. */
  typing(chat_id: number): void {
    this.#client.handle({ type: "mark", event_type: "typing", chat_id });
  }

  /** Checks within seconds whether the connection works, and replaces it if not. Call it after a change of the network. */
  probe(): void {
    this.#client.handle({ type: "probe" });
  }

  /** Returns a page of messages from the server, or from the store if the server is unreachable. */
  async history(chat_id: number, page: HistoryPage = {}): Promise<History> {
    const key = this.#book.keyOf(chat_id);
    const history = await readHistory(this.#account, { chat_id, key }, page);
    for (const message of history.messages) await this.#noteAnswer(message);
    const { storeError } = history;
    if (storeError !== undefined) void this.#inOrder(() => this.#reportStore(storeError));
    return history;
  }

  /** Reloads the list of chats from the server, for example after a chat was created or configured. */
  async refresh(): Promise<void> {
    const events = await this.#takeOver(this.#account.listChats());
    await this.#inOrder(() => this.#report(events));
  }

  /** Stops delivering, but not sending. The next messenger delivers the messages that `onEvent` has not handled. */
  stopReceiving(): void {
    this.#only = [];
  }

  /** Closes the connection. Resolves when all events are handled and all pending writes were attempted. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#writing;
    await this.#client.stop();
    await this.#acting;
    await this.#writes.stop();
    await this.#acting;
  }

  get #takesAny(): boolean {
    return this.#only === undefined || this.#only.length > 0;
  }

  #takes(chatId: number): boolean {
    return this.#only?.includes(chatId) ?? true;
  }

  /** Runs work after all earlier work. Resolves to true, or to false if the work failed. */
  #inOrder(work: () => Promise<void>): Promise<boolean> {
    const acting = this.#acting.then(work).then(
      () => true,
      (error) => {
        // Do not store later cursors: they would move past the message that was not handled.
        this.stopReceiving();
        this.#end(error);
        return false;
      },
    );
    this.#acting = acting;
    return acting;
  }

  #end(error: unknown): void {
    if (this.#ended !== undefined) return;
    this.#ended = { error };
    void this.#client?.stop();
    void this.#acting.then(() => this.#options.onEvent({ type: "ended", error }));
  }

  #read(message: ChatMessage): Promise<ReadMessage> {
    return readMessage(message, this.#book.keyOf(message.chat_id), this.#account.user_id);
  }

  async #send(chat_id: number, text: string, { reply_to }: { reply_to?: string }) {
    const key = this.#book.keyOf(chat_id);
    if (key === undefined) throw this.#book.whyNoKey(chat_id);
    const client_id = crypto.randomUUID();
    const content = { kind: "text", text, ...(reply_to !== undefined && { reply_to }) } as const;
    const sender_id = this.#account.user_id;
    const encrypted = await encryptMessage(key, { chat_id, sender_id, content, client_id });
    const message = { ...encrypted, client_id, key_check: key.check };
    // The chat may have been closed during the encryption.
    if (this.#book.keyOf(chat_id) !== key) throw this.#book.whyNoKey(chat_id);
    if (this.#ended !== undefined) throw this.#ended.error;
    const written = this.#queue.add(message, content);
    try {
      await this.#client.send(message);
    } catch (error) {
      this.#queue.remove(client_id);
      throw error;
    }
    return written;
  }

  async #act(event: ClientEvent): Promise<void> {
    switch (event.type) {
      case "message":
        return this.#receive(event.message);
      case "cursor": {
        if (!this.#takes(event.chat_id)) return;
        const { chat_id, from, seq: to, messages } = event;
        const { deliveries } = this.#account.stores;
        return this.#writes.add(chat_id, () => deliveries.advance(chat_id, { from, to }, messages));
      }
      case "status":
        return this.#note(event.status);
      case "not connected":
        if (event.why === "store") await this.#reportStore(event.error);
        return this.#report([{ type: "not connected", why: event.why }]);
      case "online":
        this.#serverAhead = event.server_time - Date.now() / 1000;
        return this.#connected(true, event);
      case "offline":
        return this.#connected(false, event);
      case "sent":
      case "failed":
        return this.#report(await this.#queue.settle(event));
      case "rewound":
        this.#book.rewind(event.chat_id, event.last_seq);
        if (this.#takes(event.chat_id)) {
          const { deliveries } = this.#account.stores;
          await this.#writes.add(event.chat_id, () =>
            deliveries.rewind(event.chat_id, event.last_seq),
          );
        }
        return this.#report([event]);
      default:
        return this.#report([event]);
    }
  }

  /** Handles a status event. An event of an unknown chat announces a new chat. */
  async #note(status: StatusEvent): Promise<void> {
    const { chat_id, event_type } = status;
    const isOfNewChat = chat_id !== undefined && this.#book.get(chat_id) === undefined;
    if (isOfNewChat || event_type === "chat_changed") await this.#refreshQuietly();
    await this.#report(this.#book.note(status));
  }

  async #receive(message: ChatMessage): Promise<void> {
    const { chat_id } = message;
    if (this.#book.get(chat_id) === undefined) await this.#refreshQuietly();
    const counted = this.#book.count(message);
    if (this.#takes(chat_id)) {
      const read = await this.#read(message);
      await this.#noteAnswer(read);
      await this.#report([{ type: "message", message: read }]);
    }
    await this.#report(counted);
  }

  async #noteAnswer({ chat_id, isOwn, content }: ReadMessage): Promise<void> {
    if (isOwn || content.kind === "unreadable" || this.#answered.has(chat_id)) return;
    this.#answered.add(chat_id);
    await this.#writes.add(chat_id, () => noteAnswer(this.#account, chat_id));
  }

  /** Reports an event when the stores start to fail or work again. */
  async #reportStore(error: StoreError | undefined): Promise<void> {
    const isKnown = (error === undefined) === (this.#storeError === undefined);
    this.#storeError = error;
    if (!isKnown) await this.#report([{ type: "store", error }]);
  }

  /** Handles a change of the connection. Each failed attempt causes `offline`; only the first is reported. */
  async #connected(
    isOnline: boolean,
    event: Extract<ClientEvent, { type: "online" | "offline" }>,
  ): Promise<void> {
    const isNew = this.#isOnline !== isOnline;
    this.#isOnline = isOnline;
    if (!isOnline) this.#book.forgetPresence();
    if (isNew) await this.#report([{ type: "connection", isOnline }]);
    // The stores work: the client read the login and the pins to connect.
    if (isOnline && this.#writes.isEmpty) await this.#reportStore(undefined);
    if (isOnline && this.#takesAny) await this.#refreshQuietly();
    if (event.type === "offline" && !event.retry) this.#end(whyEnded(event.code));
  }

  /** Reloads the list of chats. If this fails, keeps the current list. */
  async #refreshQuietly(): Promise<void> {
    let events: readonly MessengerEvent[];
    try {
      events = await this.#takeOver(this.#account.listChats());
    } catch {
      return;
    }
    await this.#report(events);
  }

  /** Checks, before queued messages are sent, that their chats still have the keys that encrypted them. */
  async #prepare(): Promise<void> {
    if (this.#queue.size === 0) return;
    const events = await this.#takeOver(this.#account.askForChats());
    void this.#inOrder(() => this.#report(events));
  }

  /** Updates the chats from a list that was just requested. Returns the events to report. */
  async #takeOver(asked: Promise<readonly ChatSummary[]>): Promise<readonly MessengerEvent[]> {
    const keys = this.#book.keys;
    const chats = await asked;
    if (this.#isStopped) return [];
    const changes = this.#list(chats);
    const closed = await this.#closeChanged(chats, keys);
    return [{ type: "chats" }, ...changes, ...closed];
  }

  /** Closes the chats whose key may no longer be used. `keys` are the chats' keys when the list was requested. */
  async #closeChanged(
    chats: readonly ChatSummary[],
    keys: ReadonlyMap<number, ChatKey>,
  ): Promise<MessengerEvent[]> {
    const pins = await this.#account.stores.pins.list();
    const events: MessengerEvent[] = [];
    for (const chat of chats) {
      const { chat_id, peer_name } = chat;
      const key = this.#book.keyOf(chat_id);
      // The chat was opened after the list was requested.
      if (key !== keys.get(chat_id)) continue;
      const stale = this.#queue.withdraw(chat_id, (check) => !whyClosed(pins, chat, check));
      const reason = key && whyClosed(pins, chat, key.check);
      if (reason !== undefined) {
        this.#book.close(chat_id, reason);
        this.#only = this.#only?.filter((one) => one !== chat_id);
      }
      events.push(
        ...(await this.#queue.giveBack(stale, reason ?? new ChatStartedOverError(peer_name))),
      );
      if (reason !== undefined) events.push({ type: "closed", chat_id, reason });
    }
    return events;
  }

  /** Updates the chats from a list. Follows new chats, to also receive messages that this client misses while offline. */
  #list(chats: readonly ChatSummary[]): readonly MessengerEvent[] {
    const isNew = ({ chat_id }: ChatSummary) => this.#book.get(chat_id) === undefined;
    const created = chats.filter((chat) => isNew(chat) && this.#takes(chat.chat_id));
    const changes = this.#book.list(chats);
    for (const { chat_id } of created) this.#client.handle({ type: "follow", chat_id });
    return changes;
  }

  async #report(events: readonly MessengerEvent[]): Promise<void> {
    for (const event of events) {
      await this.#options.onEvent(event);
      if (event.type === "failed") this.#client.forget(event.message.client_id!);
    }
  }
}
