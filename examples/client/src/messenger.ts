import type { ChatMessage, ChatSummary, StatusEvent } from "lacre";
import { type Client, type ClientEvent, createClient } from "lacre/client";
import type { TextContent } from "lacre/e2e";
import type { Account } from "./account.js";
import { Answers } from "./answers.js";
import { ChatBook } from "./chat-book.js";
import { storageOf } from "./client-storage.js";
import { socketAddress, whyEnded, whyNotConnected } from "./connecting.js";
import {
  ChatStartedOverError,
  LoginEndedError,
  NotLoggedInError,
  StoppedError,
  StoreError,
} from "./errors.js";
import type { ChatState, MessengerEvent } from "./events.js";
import { firstCursors } from "./first-cursors.js";
import { errorOf, type History, type HistoryPage, readHistory } from "./history.js";
import type { MessengerOptions } from "./messenger-options.js";
import { isSame, type OpenChat, whyClosed } from "./open-chat.js";
import { Pending } from "./pending.js";
import { type ReadMessage, readMessage } from "./read-message.js";
import { StopSignal } from "./stop-signal.js";
import type { Pin, QueuedMessage } from "./stores.js";

/** Capabilities of this client: delivery receipts and `chat_changed` events. */
const CAPABILITIES = ["delivered", "chat_changed"];

/** Manages the chats of an account: sends texts, decrypts received messages and reports events. */
export class Messenger {
  readonly #options: MessengerOptions;
  readonly #account: Account;
  readonly #book: ChatBook;
  readonly #client: Client<TextContent, undefined>;
  readonly #pending: Pending;
  /** Undefined until the first attempt to connect has succeeded or failed. */
  #isOnline: boolean | undefined;
  /** Seconds by which the server's clock is ahead of this device's. */
  #serverAhead = 0;
  /** Error with which the messenger has ended. */
  #ended: { readonly error: unknown } | undefined;
  readonly #answers: Answers;
  /** Whether writes of the client have failed and are repeated. */
  #hasFailedWrites = false;
  /** Ids of the chats whose messages are delivered; undefined for all. */
  #only: readonly number[] | undefined;
  /** Error of the stores that was last reported to the application. */
  #storeError: StoreError | undefined;
  /** Settles when all earlier texts are stored. */
  #writing: Promise<unknown> = Promise.resolve();
  /** Settles when all earlier events are handled. */
  #acting: Promise<void> = Promise.resolve();
  readonly #stopping = new StopSignal();

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
    this.#answers = new Answers(options.account);
    this.#pending = new Pending({
      ...{ account: options.account, book, outbox },
      send: (chatId, content, client_id) => this.#client.send(chatId, content, { client_id }),
      stopSending: (client_id) => void this.#client.withdraw(client_id).catch(() => {}),
      isTaken: (chatId) => this.#takes(chatId),
      onStoreError: (error) => void this.#inOrder(() => this.#reportStore(error)),
    });
    const { WebSocket, account } = options;
    this.#client = createClient<TextContent, undefined>({
      ...{ user_id: account.login.user_id, session_key: account.login.session_key },
      capabilities: this.#takesAny ? CAPABILITIES : ["chat_changed"],
      storage: storageOf({
        ...{ account: options.account, pending: this.#pending, cursors, answers: this.#answers },
        isTaken: (chatId) => this.#takes(chatId),
      }),
      chats: () => this.#pending.cipher,
      url: () => socketAddress(options.account.api, () => this.#prepare()),
      ...(WebSocket && { WebSocket }),
    });
    void this.#run();
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
    return this.#pending.toSend.length;
  }

  /** Returns the queued messages of a chat, in order. */
  async queued(chatId: number): Promise<ReadMessage[]> {
    const queued = this.#pending.toSend.filter(({ encrypted }) => encrypted.chat_id === chatId);
    return Promise.all(queued.map((message) => this.#pending.read(message)));
  }

  /** Opens a chat, so that its messages are sent and decrypted. Reports queued messages under another key as failed. */
  open(chat: OpenChat): void {
    const { chat_id, key, peer_name } = chat;
    this.#book.open(chat);
    const stale = this.#pending.withdraw(chat_id, (check) => isSame(check, key.check));
    const reason = new ChatStartedOverError(peer_name);
    void this.#inOrder(async () => this.#report(await this.#pending.giveBack(stale, reason)));
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
    const sending = this.#send(chatId, text, options);
    this.#writing = Promise.allSettled([this.#writing, sending]);
    return sending;
  }

  /** Sends a read receipt up to a seq to the peer and to this user's other devices. */
  markRead(chat_id: number, seq: number): void {
    if (seq < 1) return;
    this.#client.receipts.read(chat_id, seq);
    void this.#inOrder(() => this.#report(this.#book.read(chat_id, seq)));
  }

  /** Sends a typing event to the peer, at most once every few seconds. */
  typing(chat_id: number): void {
    this.#client.receipts.typing(chat_id);
  }

  /** Checks the connection, and connects immediately if it does not work. The client does so after a change of the network. */
  probe(): void {
    this.#client.reconnectNow();
  }

  /** Returns a page of messages from the server, or from the store if the server is unreachable. */
  async history(chat_id: number, page: HistoryPage = {}): Promise<History> {
    const key = this.#book.keyOf(chat_id);
    const history = await readHistory(this.#account, { chat_id, key }, page);
    for (const message of history.messages) this.#answers.note(message);
    const storeError = history.storeError ?? (await errorOf(this.#answers.store(chat_id)));
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
    this.#stopping.stop();
    await this.#client.stop();
    await this.#acting;
  }

  get #takesAny(): boolean {
    return this.#only === undefined || this.#only.length > 0;
  }

  #takes(chatId: number): boolean {
    return this.#only?.includes(chatId) ?? true;
  }

  /** Runs work after all earlier work. Resolves when it is done. Ends the messenger if it fails. */
  #inOrder(work: () => Promise<void>): Promise<void> {
    this.#acting = this.#acting.then(work).catch((error) => {
      // Do not store later cursors: they would move past the message that was not handled.
      this.stopReceiving();
      this.#end(error);
    });
    return this.#acting;
  }

  #end(error: unknown): void {
    if (this.#ended !== undefined) return;
    this.#ended = { error };
    void this.#client?.stop();
    // An error of the application's handler has nowhere to go after the end.
    void this.#acting.then(() => this.#options.onEvent({ type: "ended", error })).catch(() => {});
  }

  async #send(chat_id: number, text: string, { reply_to }: { reply_to?: string }) {
    if (this.#ended !== undefined) throw this.#ended.error;
    if (this.#stopping.isStopped) throw new StoppedError();
    const quoted = reply_to !== undefined && { reply_to };
    return this.#pending.write(chat_id, { kind: "text", text, ...quoted });
  }

  /** Handles the events of the client. One that fails ends the messenger, and is not handled. */
  async #run(): Promise<void> {
    for await (const event of this.#client) {
      if (event.type === "stopped" && event.error !== undefined) this.#end(event.error);
      await this.#inOrder(() => this.#act(event));
      if (this.#ended !== undefined) break;
    }
  }

  async #act(event: ClientEvent<undefined>): Promise<void> {
    switch (event.type) {
      case "message":
        return this.#receive(event.message.encrypted);
      case "status":
        return this.#note(event.status);
      case "storage":
        this.#hasFailedWrites = event.error !== undefined;
        if (event.error !== undefined && !(event.error instanceof StoreError)) throw event.error;
        return this.#reportStore(event.error);
      case "online":
        this.#serverAhead = event.server_time - Date.now() / 1000;
        return this.#connected(true, event);
      case "offline":
        return this.#onOffline(event);
      case "sent":
      case "failed": {
        const message = await this.#pending.settle(event.message.encrypted);
        return void (message && (await this.#options.onEvent({ ...event, message })));
      }
      case "rewound":
        this.#book.rewind(event.chat_id, event.last_seq);
        return this.#report([event]);
      case "waiting":
      case "stopped":
        return;
      default:
        return this.#report([event]);
    }
  }

  async #onOffline(event: Extract<ClientEvent<undefined>, { type: "offline" }>): Promise<void> {
    const { error } = event;
    const why = this.#isOnline ? undefined : whyNotConnected(event);
    if (error instanceof LoginEndedError || error instanceof NotLoggedInError)
      return this.#end(error);
    if (error instanceof StoreError) await this.#reportStore(error);
    if (why !== undefined) await this.#report([{ type: "not connected", why }]);
    return this.#connected(false, event);
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
      const { user_id } = this.#account;
      const read = await readMessage(message, this.#book.keyOf(chat_id), user_id);
      this.#answers.note(read);
      await this.#report([{ type: "message", message: read }]);
    }
    await this.#report(counted);
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
    event: Extract<ClientEvent<undefined>, { type: "online" | "offline" }>,
  ): Promise<void> {
    const isNew = this.#isOnline !== isOnline;
    this.#isOnline = isOnline;
    if (!isOnline) this.#book.forgetPresence();
    if (isNew) await this.#report([{ type: "connection", isOnline }]);
    // The stores work: the client read the login and the pins to connect.
    if (isOnline && !this.#hasFailedWrites) await this.#reportStore(undefined);
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

  /**
   * Checks, before messages are sent, that their chats still have the keys that encrypt them. Also without a queued message: one
   * may be written while the socket opens.
   */
  async #prepare(): Promise<void> {
    // A text that is being stored is sent on this connection too.
    await this.#writing;
    try {
      const events = await this.#takeOver(this.#account.askForChats());
      void this.#inOrder(() => this.#report(events));
    } catch (error) {
      // Without a message to send, the client connects also if the pins cannot be read.
      if (!(error instanceof StoreError) || this.pending > 0) throw error;
    }
    if (this.#stopping.isStopped) throw new StoppedError();
  }

  /** Updates the chats from a list that was just requested. Returns the events to report. */
  async #takeOver(asked: Promise<readonly ChatSummary[]>): Promise<readonly MessengerEvent[]> {
    const keys = this.#book.keys;
    const chats = await this.#stopping.wait(asked);
    // Before the list is applied: if the pins cannot be read, the next list reports the same changes.
    const pins = await this.#account.stores.pins.list();
    if (chats === undefined || this.#stopping.isStopped) return [];
    const changes = this.#list(chats);
    // A chat that was opened after the list was requested has a key that the list may not have.
    const known = chats.filter(({ chat_id }) => this.#book.keyOf(chat_id) === keys.get(chat_id));
    // All of them are closed before the texts of the first are decrypted.
    const closed = await Promise.all(known.map((chat) => this.#closeIfChanged(chat, pins)));
    // Texts that were taken back are still in the outbox: the next messenger gives them back.
    if (this.#stopping.isStopped) return [];
    return [{ type: "chats" }, ...changes, ...closed.flat()];
  }

  /** Closes a chat if its key may no longer be used. Returns the events to report. */
  async #closeIfChanged(chat: ChatSummary, pins: readonly Pin[]): Promise<MessengerEvent[]> {
    const { chat_id, peer_name } = chat;
    const key = this.#book.keyOf(chat_id);
    const stale = this.#pending.withdraw(chat_id, (check) => !whyClosed(pins, chat, check));
    const reason = key && whyClosed(pins, chat, key.check);
    if (reason !== undefined) {
      this.#book.close(chat_id, reason);
      this.#only = this.#only?.filter((one) => one !== chat_id);
    }
    const why = reason ?? new ChatStartedOverError(peer_name);
    const failed = await this.#pending.giveBack(stale, why);
    if (reason === undefined || this.#book.keyOf(chat_id) !== undefined) return failed;
    return [...failed, { type: "closed", chat_id, reason }];
  }

  /** Updates the chats from a list. Follows new chats, to also receive messages that this client misses while offline. */
  #list(chats: readonly ChatSummary[]): readonly MessengerEvent[] {
    const isNew = ({ chat_id }: ChatSummary) => this.#book.get(chat_id) === undefined;
    const created = chats.filter((chat) => isNew(chat) && this.#takes(chat.chat_id));
    const changes = this.#book.list(chats);
    for (const { chat_id } of created) this.#client.follow(chat_id);
    return changes;
  }

  async #report(events: readonly MessengerEvent[]): Promise<void> {
    for (const event of events) {
      await this.#options.onEvent(event);
      if (event.type === "failed") await this.#pending.forget(event.message.client_id!);
    }
  }
}
