import { computed, effect, type Signal, signal } from "@preact/signals";
import { isSameUsername } from "lacre";
import {
  type Account,
  type ChatState,
  type ContactAction,
  connectInBrowser,
  Messenger,
  type MessengerEvent,
  ServerRejectionError,
  sentenceOf,
  UnreachableError,
  type WhyNotConnected,
} from "lacre-client";
import type { BrowserChoices, DraftStore } from "lacre-client/web";
import { Conversation } from "./conversation.js";
import { Drafts } from "./drafts.js";
import { isInFront } from "./front.js";
import { onNetworkChange } from "./network-changes.js";
import { Notices } from "./notices.js";
import { Opening } from "./opening.js";
import { preview, previewFromServer } from "./previews.js";
import { route } from "./route.js";

/** How often what a chat no longer keeps is removed, and the server is asked for the chats; in milliseconds. */
const LOOKING_INTERVAL = 15_000;
/** The peer is told that we type no more often than this, in milliseconds. */
const TYPING_INTERVAL = 3000;

/** What a user who is signed in sees. */
export class Home {
  readonly account: Account;
  readonly choices: BrowserChoices;
  /** Undefined while the first connection is being made. */
  readonly isOnline = signal<boolean | undefined>(undefined);
  /** Why the last attempt to connect has failed. */
  readonly whyNotConnected = signal<WhyNotConnected>("unreachable");
  /** How many messages wait to be sent. */
  readonly pending = signal(0);
  readonly notices: Notices;
  /** What a screen reader says: messages that came in. */
  readonly heard = signal("");
  readonly #chats = signal<readonly ChatState[]>([]);
  /** When each chat that is new since the page was opened was listed first, Unix time in seconds. */
  readonly #created = new Map<number, number>();
  readonly #drafts: Drafts;
  readonly #conversations = new Map<number, Conversation>();
  readonly #fail: (error: unknown) => void;
  #messenger!: Messenger;
  #opening!: Opening;
  #typedAt = 0;
  #undo: (() => void)[] = [];

  /** The chats, that with the latest message first. */
  readonly chats = computed<readonly ChatState[]>(() => {
    const at = ({ chat_id }: ChatState) =>
      this.conversation(chat_id).lastAt.value ?? this.#created.get(chat_id) ?? 0;
    const times = new Map(this.#chats.value.map((chat) => [chat, at(chat)]));
    return [...times.keys()].sort(
      (one, other) => times.get(other)! - times.get(one)! || other.chat_id - one.chat_id,
    );
  });

  /** The gravest of the notices for the user: of the page, or else of the chat in view. */
  readonly gravestNotice = computed<Signal<string | undefined> | undefined>(() => {
    const current = route.value;
    const ofChat = current.name === "chat" ? [this.conversation(current.chatId).notice] : [];
    return [this.notices.current, ...ofChat].find(({ value }) => value !== undefined);
  });

  /** Whether a banner stands above the page: one at a time does. */
  readonly hasBanner = computed(
    () => this.gravestNotice.value !== undefined || this.isOnline.value === false,
  );

  private constructor(
    account: Account,
    choices: BrowserChoices,
    drafts: DraftStore,
    fail: (error: unknown) => void,
  ) {
    this.account = account;
    this.choices = choices;
    this.notices = new Notices(this.isOnline, fail);
    this.#drafts = new Drafts(drafts, (work) => this.notices.attempt(work));
    this.#fail = fail;
  }

  /** Looks at what is there, and connects; `fail` is told why nothing goes on. Throws what `Messenger.start` throws. */
  static async open(
    account: Account,
    choices: BrowserChoices,
    drafts: DraftStore,
    fail: (error: unknown) => void,
  ): Promise<Home> {
    const home = new Home(account, choices, drafts, fail);
    await home.#start();
    return home;
  }

  get opening(): Opening {
    return this.#opening;
  }

  chat(chatId: number): ChatState | undefined {
    return this.#chats.value.find(({ chat_id }) => chat_id === chatId);
  }

  chatWith(peerName: string): ChatState | undefined {
    return this.#chats.value.find(({ peer_name }) => isSameUsername(peer_name, peerName));
  }

  conversation(chatId: number): Conversation {
    const known = this.#conversations.get(chatId);
    if (known !== undefined) return known;
    const made = new Conversation(chatId, this.#messenger);
    this.#conversations.set(chatId, made);
    return made;
  }

  /** How many messages of a chat are unread. For a chat that is not loaded, the server counts them. */
  unreadIn(chat: ChatState): number {
    const conversation = this.conversation(chat.chat_id);
    return conversation.isLoaded.value ? conversation.unread.value : chat.unread;
  }

  /** The messages of a chat up to a seq were on the screen. */
  see(chatId: number, seq: number): void {
    if (!isInFront.peek()) return;
    if (this.conversation(chatId).read(seq)) this.#messenger.markRead(chatId, seq);
  }

  /** Gives whether the text is kept, and will be sent. */
  send(chatId: number, text: string): Promise<boolean> {
    return this.notices.attempt(async () => {
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
    const conversation = this.conversation(chatId);
    return this.notices.attempt(() => {
      const chat = conversation.isLoaded.peek() ? undefined : this.chat(chatId);
      return chat === undefined ? conversation.loadEarlier() : conversation.load(chat);
    });
  }

  /** Has both members' messages deleted after so many hours; 0 keeps them. */
  async keepFor(chatId: number, hours: number): Promise<void> {
    await this.account.api.configureChat(chatId, { auto_delete_hours: hours || null });
    void this.notices.attempt(() => this.#messenger.refresh());
  }

  /** Accepts a chat, or blocks or unblocks its other member. */
  async changeContact(chatId: number, action: ContactAction): Promise<void> {
    await this.account.api.changeContact(chatId, action);
    await this.#messenger.refresh();
  }

  async keepHistory(keeps: boolean): Promise<void> {
    await this.choices.setKeepsHistory(keeps);
    const { deliveries } = this.account.stores;
    if (keeps) return;
    for (const { chat_id } of this.#chats.peek()) {
      await deliveries.expire(chat_id, Number.POSITIVE_INFINITY);
    }
  }

  /** The texts that the server does not have: of messages that wait, and drafts. */
  get unsent(): readonly string[] {
    return [...this.#conversations.values()].flatMap(({ lines, draft }) => {
      const waiting = lines.peek().flatMap(({ seq, content }) => {
        return seq === undefined && content.kind === "text" ? [content.text] : [];
      });
      return [...waiting, draft.peek()].filter((text) => text.trim() !== "");
    });
  }

  async close(): Promise<void> {
    for (const undo of this.#undo.splice(0)) undo();
    this.#drafts.close();
    for (const conversation of this.#conversations.values()) conversation.close();
    await this.#messenger?.stop();
  }

  async #start(): Promise<void> {
    const { account } = this;
    const { open, accesses } = await Opening.keptKeys(account);
    this.#messenger = await Messenger.start({
      ...{ account, open, connect: connectInBrowser, begin: "last" },
      hear: (event) => this.#hear(event),
    });
    this.#opening = new Opening(this, this.#messenger, this.#drafts);
    const keys = new Map(open.map(({ chat_id, key }) => [chat_id, key]));
    for (const [chatId, access] of accesses) {
      const conversation = this.conversation(chatId);
      conversation.access.value = access;
      await preview(account, conversation, this.#messenger, keys.get(chatId));
      const earlierKey = keys.has(chatId) ? undefined : await account.stores.keys.get(chatId);
      if (earlierKey) await this.#drafts.restore(chatId, earlierKey, conversation);
    }
    for (const chat of open) await this.#drafts.follow(chat, this.conversation(chat.chat_id));
    this.#takeOver();
    await this.#opening.notePins();
    await this.#expire();
    const look = () => void this.notices.attempt(() => this.#look());
    const looking = setInterval(look, LOOKING_INTERVAL);
    document.addEventListener("visibilitychange", look);
    this.#undo.push(
      onNetworkChange(() => this.#messenger.probe()),
      () => clearInterval(looking),
      () => document.removeEventListener("visibilitychange", look),
      effect(() => this.#enter()),
      effect(() => void this.#load()),
    );
  }

  /** The list may have other settings, or chats that this connection was not told of. */
  async #look(): Promise<void> {
    await this.#expire();
    const isSeen = document.visibilityState === "visible";
    if (!isSeen || this.isOnline.peek() !== true) return;
    try {
      await this.#messenger.refresh();
    } catch (error) {
      if (!(error instanceof ServerRejectionError || error instanceof UnreachableError))
        throw error;
    }
  }

  /** The user comes to a chat. */
  #enter(): void {
    const current = route.value;
    if (current.name !== "chat") return;
    const conversation = this.conversation(current.chatId);
    if (conversation.isLoaded.peek()) conversation.enter();
  }

  /** The chat that is in view has its messages, once it can be read. */
  async #load(): Promise<void> {
    const current = route.value;
    if (current.name !== "chat") return;
    const { access, earlier } = this.conversation(current.chatId);
    if (access.value.name !== "open" || earlier.value !== "unknown") return;
    const chat = this.chat(current.chatId);
    if (chat === undefined) return;
    await this.notices.attempt(() => this.conversation(chat.chat_id).load(chat));
  }

  /** Whether the user sees what arrives in a chat. */
  #isWatched(chatId: number): boolean {
    const current = route.peek();
    const isCurrent = current.name === "chat" && current.chatId === chatId;
    return isCurrent && isInFront.peek() && this.conversation(chatId).isAtEnd.peek();
  }

  async #hear(event: MessengerEvent): Promise<void> {
    switch (event.type) {
      case "message": {
        const { chat_id, isOwn, content } = event.message;
        const isNew = this.conversation(chat_id).receive(event.message, this.#isWatched(chat_id));
        if (!isOwn) this.conversation(chat_id).mayStartOver.value = false;
        if (isNew && !isOwn) this.#say(chat_id, content.kind === "text" ? content.text : undefined);
        break;
      }
      case "sent":
        this.conversation(event.message.chat_id).settle(event.message);
        break;
      case "failed":
        this.conversation(event.message.chat_id).fail(
          event.message,
          sentenceOf(event.error_code) ?? `The server refused it (${event.error_code}).`,
        );
        break;
      case "closed":
        this.#opening.close(event.chat_id, event.reason);
        break;
      case "typing":
        this.conversation(event.chat_id).noteTyping();
        break;
      case "connection":
        this.isOnline.value = event.isOnline;
        if (event.isOnline) this.#connected();
        break;
      case "not connected":
        this.whyNotConnected.value = event.why;
        break;
      case "unread":
        this.#takeOver();
        this.#readElsewhere();
        break;
      case "chats":
        this.#takeOver();
        this.#readElsewhere();
        void this.notices.attempt(() => this.#expire());
        void this.notices.attempt(() => this.#opening.openNew());
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
        this.notices.current.value =
          sentenceOf(event.error.error_code) ??
          `The server reports an error (${event.error.error_code}).`;
        break;
      case "store":
        this.notices.noteStore(event.error);
        break;
      case "ended":
        return this.#fail(event.error);
    }
    this.#takeOver();
  }

  /** What another device has read needs no divider here. */
  #readElsewhere(): void {
    for (const { chat_id, unread, countedUpTo } of this.#chats.peek()) {
      if (unread === 0) this.#conversations.get(chat_id)?.read(countedUpTo);
    }
  }

  #connected(): void {
    const conversations = this.#chats.peek().map(({ chat_id, countedUpTo }) => ({
      conversation: this.conversation(chat_id),
      countedUpTo,
    }));
    void this.notices.attempt(() => previewFromServer(conversations, this.#messenger));
    for (const { earlier } of this.#conversations.values()) {
      if (earlier.peek() === "offline") earlier.value = "more";
    }
  }

  async #expire(): Promise<void> {
    for (const chat of this.#chats.peek()) {
      const { chat_id } = chat;
      const until = this.#messenger.expiredUntil(chat);
      if (until === 0) continue;
      this.#conversations.get(chat_id)?.expire(until);
      await this.account.stores.deliveries.expire(chat_id, until);
    }
  }

  #say(chatId: number, text = "a message that cannot be read here"): void {
    const name = this.chat(chatId)?.peer_name ?? "A new chat";
    this.heard.value = `${name}: ${text}`;
  }

  #takeOver(): void {
    const before = this.#chats.peek();
    const known = new Set(before.map(({ chat_id }) => chat_id));
    const chats = this.#messenger.chats;
    for (const { chat_id } of chats) {
      if (before.length > 0 && !known.has(chat_id)) this.#created.set(chat_id, Date.now() / 1000);
    }
    this.#chats.value = chats;
    this.pending.value = this.#messenger.pending;
  }
}
