import { computed, effect, signal } from "@preact/signals";
import type { ChatSummary } from "lacre";
import {
  type Account,
  ChatChanged,
  ChatNotEncrypted,
  type ChatState,
  connectInBrowser,
  createChat,
  isSameName,
  LoginEnded,
  Messenger,
  type MessengerEvent,
  NotLoggedIn,
  type OpenChat,
  openChat,
  openKeptChat,
  StoreError,
} from "lacre-client";
import type { BrowserChoices } from "lacre-client/web";
import { Conversation } from "./conversation.js";
import { route } from "./route.js";

/** How often what a chat no longer keeps is taken away, and chats that others began are looked for; in milliseconds. */
const LOOKING_INTERVAL = 15_000;
/** The peer is told that we type no more often than this, in milliseconds. */
const TYPING_INTERVAL = 3000;

/** What somebody who is signed in has before them. */
export class Home {
  readonly account: Account;
  readonly choices: BrowserChoices;
  /** Undefined while the first connection is being made. */
  readonly isOnline = signal<boolean | undefined>(undefined);
  /** How many messages wait to be sent. */
  readonly pending = signal(0);
  readonly notice = signal<string | undefined>(undefined);
  /** What a screen reader says: messages that came in. */
  readonly heard = signal("");
  readonly #chats = signal<readonly ChatState[]>([]);
  /** When something last happened in a chat, in the order of this count. */
  readonly #activity = signal<ReadonlyMap<number, number>>(new Map());
  readonly #conversations = new Map<number, Conversation>();
  readonly #fail: (error: unknown) => void;
  #messenger!: Messenger;
  #count = 0;
  #typedAt = 0;
  #undo: (() => void)[] = [];

  /** The chats, the one where something happened last first. */
  readonly chats = computed<readonly ChatState[]>(() => {
    const at = ({ chat_id }: ChatState) => this.#activity.value.get(chat_id) ?? 0;
    return [...this.#chats.value].sort((one, other) => at(other) - at(one));
  });

  private constructor(account: Account, choices: BrowserChoices, fail: (error: unknown) => void) {
    this.account = account;
    this.choices = choices;
    this.#fail = fail;
  }

  /** Looks at what is there, and connects; `fail` is told why nothing goes on. Throws what `Messenger.start` throws. */
  static async open(
    account: Account,
    choices: BrowserChoices,
    fail: (error: unknown) => void,
  ): Promise<Home> {
    const home = new Home(account, choices, fail);
    await home.#start();
    return home;
  }

  chat(chatId: number): ChatState | undefined {
    return this.#chats.value.find(({ chat_id }) => chat_id === chatId);
  }

  chatWith(peerName: string): ChatState | undefined {
    return this.#chats.value.find(({ peer_name }) => isSameName(peer_name, peerName));
  }

  conversation(chatId: number): Conversation {
    const known = this.#conversations.get(chatId);
    if (known !== undefined) return known;
    const made = new Conversation(chatId, this.#messenger);
    this.#conversations.set(chatId, made);
    return made;
  }

  /** Opens a chat with its passphrase. Throws KeyError `ERR_WRONG_PASSPHRASE`. */
  async unlock(chatId: number, passphrase: string): Promise<void> {
    const summary = await this.account.api.getChat(chatId);
    await this.#admit(summary, () => openChat(this.account, summary, passphrase));
    this.conversation(chatId).notice.value = undefined;
  }

  /** Begins a chat. Throws KeyError `ERR_WRONG_PASSPHRASE` where the other one has begun it with another passphrase. */
  async begin(peerName: string, passphrase: string): Promise<void> {
    try {
      const chat = await createChat(this.account, peerName, passphrase);
      this.#messenger.open(chat);
      this.#bump(chat.chat_id);
      this.conversation(chat.chat_id).access.value = { name: "open" };
      await this.#messenger.refresh();
    } catch (error) {
      await this.#messenger.refresh();
      const existing = this.chatWith(peerName);
      if (existing === undefined) throw error;
      this.conversation(existing.chat_id).notice.value =
        `${peerName} has begun this chat meanwhile, with another passphrase than yours.`;
    }
  }

  /** Gives whether the text is kept, and will be sent. */
  send(chatId: number, text: string): Promise<boolean> {
    return this.attempt(async () => {
      this.#bump(chatId);
      const sending = this.conversation(chatId).send(text);
      this.#takeOver();
      await sending;
      this.#takeOver();
    });
  }

  typing(chatId: number): void {
    if (Date.now() - this.#typedAt < TYPING_INTERVAL) return;
    this.#typedAt = Date.now();
    this.#messenger.typing(chatId);
  }

  loadEarlier(chatId: number): Promise<boolean> {
    return this.attempt(() => this.conversation(chatId).loadEarlier());
  }

  /** Has both members' messages deleted after so many hours; 0 keeps them. */
  keepFor(chatId: number, hours: number): Promise<boolean> {
    return this.attempt(async () => {
      await this.account.api.configureChat(chatId, { auto_delete_hours: hours || null });
      await this.#messenger.refresh();
      await this.#expire();
    });
  }

  async keepHistory(keeps: boolean): Promise<void> {
    await this.choices.setKeepsHistory(keeps);
    const { deliveries } = this.account.stores;
    if (keeps) return;
    for (const { chat_id } of this.#chats.peek()) {
      await deliveries.expire(chat_id, Number.POSITIVE_INFINITY);
    }
  }

  /** Does what may fail, and gives whether it did not: says so, or ends everything where nothing can go on. */
  async attempt(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      const isFinal =
        error instanceof LoginEnded || error instanceof NotLoggedIn || error instanceof StoreError;
      if (isFinal) this.#fail(error);
      else this.notice.value = error instanceof Error ? error.message : String(error);
      return false;
    }
  }

  async close(): Promise<void> {
    for (const undo of this.#undo.splice(0)) undo();
    await this.#messenger?.stop();
  }

  async #start(): Promise<void> {
    const { account } = this;
    const open: OpenChat[] = [];
    const accesses = new Map<number, Conversation["access"]["value"]>();
    for (const summary of await account.listChats()) {
      const { access, chat } = await accessTo(() => openKeptChat(account, summary));
      accesses.set(summary.chat_id, access);
      if (chat !== undefined) open.push(chat);
    }
    this.#messenger = await Messenger.start({
      ...{ account, open, connect: connectInBrowser, begin: "last" },
      hear: (event) => this.#hear(event),
    });
    for (const [chatId, access] of accesses) this.conversation(chatId).access.value = access;
    this.#takeOver();
    await this.#expire();
    const look = () => void this.attempt(() => this.#look());
    const looking = setInterval(look, LOOKING_INTERVAL);
    document.addEventListener("visibilitychange", look);
    this.#undo.push(
      () => clearInterval(looking),
      () => document.removeEventListener("visibilitychange", look),
      effect(() => this.#enter()),
    );
  }

  /** Nobody says that a chat was begun before something is written there. */
  async #look(): Promise<void> {
    this.#markRead();
    await this.#expire();
    const isSeen = document.visibilityState === "visible";
    if (isSeen && this.isOnline.peek() === true) await this.#messenger.refresh();
  }

  /** A chat comes into view. */
  #enter(): void {
    const current = route.value;
    if (current.name !== "chat") return;
    const conversation = this.conversation(current.chatId);
    const isOpen = conversation.access.value.name === "open";
    if (isOpen && conversation.earlier.peek() === "unknown") {
      void this.attempt(() => conversation.load()).then(() => this.#markRead());
    }
    if (conversation.lines.value.length > 0) this.#markRead();
  }

  /** What is before somebody's eyes counts as read. */
  #markRead(): void {
    const current = route.peek();
    if (document.visibilityState !== "visible" || current.name !== "chat") return;
    const { access, shownUpTo } = this.conversation(current.chatId);
    if (access.peek().name === "open") this.#messenger.markRead(current.chatId, shownUpTo);
  }

  async #hear(event: MessengerEvent): Promise<void> {
    switch (event.type) {
      case "message": {
        const { chat_id, isOwn, content } = event.message;
        const isNew = this.conversation(chat_id).receive(event.message);
        this.#bump(chat_id);
        if (isNew && !isOwn) this.#say(chat_id, content.kind === "text" ? content.text : undefined);
        break;
      }
      case "sent":
        this.conversation(event.message.chat_id).settle(event.message);
        break;
      case "failed":
        this.conversation(event.message.chat_id).fail(event.message, event.error_message);
        break;
      case "typing":
        this.conversation(event.chat_id).noteTyping();
        break;
      case "connection":
        this.isOnline.value = event.isOnline;
        if (event.isOnline) this.#connected();
        break;
      case "chats":
        this.#takeOver();
        void this.attempt(() => this.#verify());
        break;
      case "gap":
        this.conversation(event.chat_id).notice.value =
          "Messages are missing here: the server does not hand them over.";
        break;
      case "rewound":
        this.conversation(event.chat_id).rewind(event.last_seq);
        this.conversation(event.chat_id).notice.value =
          "The server has lost messages of this chat that it had before.";
        break;
      case "error":
        this.notice.value = event.error.error_message;
        break;
      case "ended":
        return this.#fail(event.error);
    }
    this.#takeOver();
  }

  #connected(): void {
    for (const { earlier } of this.#conversations.values()) {
      if (earlier.peek() === "offline") earlier.value = "more";
    }
  }

  /** Holds the chats to what they were when they were opened. */
  async #verify(): Promise<void> {
    for (const summary of await this.account.listChats()) {
      const { access } = this.conversation(summary.chat_id);
      if (access.peek().name === "stopped") continue;
      await this.#admit(summary, () => openKeptChat(this.account, summary));
    }
  }

  async #admit({ chat_id }: ChatSummary, open: () => Promise<OpenChat | undefined>): Promise<void> {
    const conversation = this.conversation(chat_id);
    const { access, chat } = await accessTo(open);
    const wasOpen = conversation.access.peek().name === "open";
    // It was opened while we looked.
    if (wasOpen && access.name === "locked") return;
    if (chat !== undefined && !wasOpen) {
      this.#messenger.open(chat);
      conversation.earlier.value = "unknown";
    }
    conversation.access.value = access;
    this.#takeOver();
  }

  async #expire(): Promise<void> {
    for (const chat of this.#chats.peek()) {
      const { chat_id, auto_delete_hours } = chat;
      if (auto_delete_hours === 0) continue;
      this.#conversations.get(chat_id)?.expire(chat);
      const oldest = Date.now() / 1000 - auto_delete_hours * 3600;
      await this.account.stores.deliveries.expire(chat_id, oldest);
    }
  }

  #say(chatId: number, text = "a message that cannot be read here"): void {
    const name = this.chat(chatId)?.peer_name ?? "Somebody";
    this.heard.value = `${name}: ${text}`;
  }

  #bump(chatId: number): void {
    this.#count += 1;
    this.#activity.value = new Map(this.#activity.peek()).set(chatId, this.#count);
  }

  #takeOver(): void {
    this.#chats.value = this.#messenger.chats;
    this.pending.value = this.#messenger.pending;
  }
}

/** What opening a chat comes to. A wrong passphrase, or a server that is away, is for whoever tried. */
async function accessTo(open: () => Promise<OpenChat | undefined>) {
  try {
    const chat = await open();
    return { access: { name: chat === undefined ? "locked" : "open" } as const, chat };
  } catch (error) {
    if (!(error instanceof ChatChanged || error instanceof ChatNotEncrypted)) throw error;
    return { access: { name: "stopped", reason: error.message } as const, chat: undefined };
  }
}
