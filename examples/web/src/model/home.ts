import { computed, effect, type Signal, signal } from "@preact/signals";
import { isSameUsername } from "lacre";
import {
  type Account,
  type ChatState,
  type ContactAction,
  Messenger,
  ServerRejectionError,
  UnreachableError,
  type WhyNotConnected,
} from "lacre-client";
import type { BrowserChoices, DraftStore } from "lacre-client/web";
import { ChatOpener } from "./chat-opener.js";
import { Conversation, type UnsentText } from "./conversation.js";
import { Drafts } from "./drafts.js";
import { isInFront } from "./front.js";
import type { GroupHome } from "./group-home.js";
import { MessengerEvents } from "./messenger-events.js";
import { Notices } from "./notices.js";
import { previewFromStore } from "./previews.js";
import { route } from "./route.js";

/** Interval at which expired messages are removed and the list of chats is fetched, in milliseconds. */
const CHECK_INTERVAL = 15_000;
/** Minimum time between two typing notices, in milliseconds. */
const TYPING_INTERVAL = 3000;

/** State of the page while a user is signed in: the list of chats, the connection, notices. */
export class Home {
  readonly account: Account;
  readonly choices: BrowserChoices;
  /** Undefined during the first attempt to connect. */
  readonly isOnline = signal<boolean | undefined>(undefined);
  /** Why the last attempt to connect failed. */
  readonly whyNotConnected = signal<WhyNotConnected>("unreachable");
  /** Number of messages that the server has not acknowledged. */
  readonly pending = signal(0);
  readonly notices: Notices;
  /** The last message of a peer, for screen readers to announce. */
  readonly announcement = signal("");
  readonly #chats = signal<readonly ChatState[]>([]);
  /** For each chat that is new since the page was opened, when it was first listed; Unix time in seconds. */
  readonly #firstListedAt = new Map<number, number>();
  readonly #drafts: Drafts;
  readonly #conversations = new Map<number, Conversation>();
  readonly #end: (error: unknown) => void;
  #messenger!: Messenger;
  #events!: MessengerEvents;
  #opener!: ChatOpener;
  /** The groups, after their part of the page was opened. */
  #groups: GroupHome | undefined;
  #typingSentAt = 0;
  #cleanups: (() => void)[] = [];

  /** The chats, sorted by their last message, the latest first. */
  readonly chats = computed<readonly ChatState[]>(() => {
    const at = ({ chat_id }: ChatState) =>
      this.conversation(chat_id).lastAt.value ?? this.#firstListedAt.get(chat_id) ?? 0;
    const times = new Map(this.#chats.value.map((chat) => [chat, at(chat)]));
    return [...times.keys()].sort(
      (one, other) => times.get(other)! - times.get(one)! || other.chat_id - one.chat_id,
    );
  });

  /** The notice to show: that of the page, or else that of the open chat. */
  readonly shownNotice = computed<Signal<string | undefined> | undefined>(() => {
    const current = route.value;
    const ofChat = current.name === "chat" ? [this.conversation(current.chatId).notice] : [];
    return [this.notices.current, ...ofChat].find(({ value }) => value !== undefined);
  });

  /** Whether a banner is shown above the page. */
  readonly hasBanner = computed(
    () => this.shownNotice.value !== undefined || this.isOnline.value === false,
  );

  private constructor(
    account: Account,
    choices: BrowserChoices,
    drafts: DraftStore,
    end: (error: unknown) => void,
  ) {
    this.account = account;
    this.choices = choices;
    this.notices = new Notices(this.isOnline, end);
    this.#drafts = new Drafts(drafts, (work) => this.notices.attempt(work));
    this.#end = end;
  }

  /**
   * Loads the stored chats, and connects. `end` is called with the error after which the session cannot continue.
   * Throws what `Messenger.start` throws.
   */
  static async open(
    account: Account,
    choices: BrowserChoices,
    drafts: DraftStore,
    end: (error: unknown) => void,
  ): Promise<Home> {
    const home = new Home(account, choices, drafts, end);
    await home.#start();
    return home;
  }

  get opener(): ChatOpener {
    return this.#opener;
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

  /** Returns the number of unread messages. For a chat that is not loaded, this is the server's count. */
  unreadIn(chat: ChatState): number {
    const conversation = this.conversation(chat.chat_id);
    return conversation.isLoaded.value ? conversation.unread.value : chat.unread;
  }

  /** Marks the messages of a chat up to a seq as read, if the page has the focus. */
  markRead(chatId: number, seq: number): void {
    if (!isInFront.peek()) return;
    if (this.conversation(chatId).markRead(seq)) this.#messenger.markRead(chatId, seq);
  }

  /** Sends a text. Returns whether it is stored in the outbox, from which it is sent. */
  send(chatId: number, text: string): Promise<boolean> {
    return this.notices.attempt(async () => {
      await this.conversation(chatId).send(text);
      this.updateChats();
    });
  }

  sendTyping(chatId: number): void {
    if (Date.now() - this.#typingSentAt < TYPING_INTERVAL) return;
    this.#typingSentAt = Date.now();
    this.#messenger.typing(chatId);
  }

  /** Loads the page of messages before the first loaded one, or the last page if none is loaded. */
  loadEarlier(chatId: number): Promise<boolean> {
    const conversation = this.conversation(chatId);
    return this.notices.attempt(() => {
      const chat = conversation.isLoaded.peek() ? undefined : this.chat(chatId);
      return chat === undefined ? conversation.loadEarlier() : conversation.load(chat);
    });
  }

  /** Sets after how many hours the messages of both members are deleted; 0 means never. */
  async setAutoDelete(chatId: number, hours: number): Promise<void> {
    await this.account.api.configureChat(chatId, { auto_delete_hours: hours || null });
    void this.notices.attempt(() => this.#messenger.refresh());
  }

  /** Accepts a chat, or blocks or unblocks its other member. */
  async changeContact(chatId: number, action: ContactAction): Promise<void> {
    await this.account.api.changeContact(chatId, action);
    await this.#messenger.refresh();
  }

  /** Sets whether messages are stored in this browser. If not, removes the stored ones. */
  async setKeepsHistory(keeps: boolean): Promise<void> {
    await this.choices.setKeepsHistory(keeps);
    const { deliveries } = this.account.stores;
    if (keeps) return;
    for (const { chat_id } of this.#chats.peek()) {
      await deliveries.expire(chat_id, Number.POSITIVE_INFINITY);
    }
  }

  /** The texts that the server does not have: those of unsent messages, and drafts. */
  get unsent(): readonly UnsentText[] {
    return [...this.#conversations.values()].flatMap(({ unsentTexts }) => unsentTexts);
  }

  /** Loads the groups' part of the page, and opens the groups. */
  async openGroups(): Promise<GroupHome> {
    const { GroupHome } = await import("./group-home.js");
    this.#groups ??= new GroupHome(this.account);
    await this.#groups.open();
    return this.#groups;
  }

  async close(): Promise<void> {
    await this.#groups?.close();
    for (const cleanUp of this.#cleanups.splice(0)) cleanUp();
    this.#drafts.close();
    for (const conversation of this.#conversations.values()) conversation.close();
    await this.#messenger?.stop();
  }

  async #start(): Promise<void> {
    const { account } = this;
    const { open, accesses } = await ChatOpener.openWithStoredKeys(account);
    this.#messenger = await Messenger.start({
      ...{ account, open, begin: "last" },
      onEvent: (event) => this.#events.handle(event),
    });
    this.#events = new MessengerEvents(this, this.#messenger, this.#end);
    this.#opener = new ChatOpener(this, this.#messenger, this.#drafts);
    const keys = new Map(open.map(({ chat_id, key }) => [chat_id, key]));
    for (const [chatId, access] of accesses) {
      const conversation = this.conversation(chatId);
      conversation.access.value = access;
      await previewFromStore(account, conversation, this.#messenger, keys.get(chatId));
      const earlierKey = keys.has(chatId) ? undefined : await account.stores.keys.get(chatId);
      if (earlierKey) await this.#drafts.restore(chatId, earlierKey, conversation);
    }
    for (const chat of open) await this.#drafts.follow(chat, this.conversation(chat.chat_id));
    this.updateChats();
    await this.#opener.updateMayStartOver();
    await this.removeExpired();
    const check = () => void this.notices.attempt(() => this.#check());
    const timer = setInterval(check, CHECK_INTERVAL);
    document.addEventListener("visibilitychange", check);
    this.#cleanups.push(
      () => clearInterval(timer),
      () => document.removeEventListener("visibilitychange", check),
      effect(() => this.#markFirstUnread()),
      effect(() => void this.#loadCurrentChat()),
    );
  }

  /** Removes expired messages and, while the page is visible, fetches changes of the chats that no event reported. */
  async #check(): Promise<void> {
    await this.removeExpired();
    const isVisible = document.visibilityState === "visible";
    if (!isVisible || this.isOnline.peek() !== true) return;
    try {
      await this.#messenger.refresh();
    } catch (error) {
      if (!(error instanceof ServerRejectionError || error instanceof UnreachableError))
        throw error;
    }
  }

  /** Marks the first unread message when the user returns to a chat that is loaded. */
  #markFirstUnread(): void {
    const current = route.value;
    if (current.name !== "chat") return;
    const conversation = this.conversation(current.chatId);
    if (conversation.isLoaded.peek()) conversation.markFirstUnread();
  }

  /** Loads the messages of the chat in the address, once its key is known. */
  async #loadCurrentChat(): Promise<void> {
    const current = route.value;
    if (current.name !== "chat") return;
    const { access, earlier } = this.conversation(current.chatId);
    if (access.value.name !== "open" || earlier.value !== "unknown") return;
    const chat = this.chat(current.chatId);
    if (chat === undefined) return;
    await this.notices.attempt(() => this.conversation(chat.chat_id).load(chat));
  }

  /** Removes expired messages from the page and from the browser's store. */
  async removeExpired(): Promise<void> {
    for (const chat of this.#chats.peek()) {
      const { chat_id } = chat;
      const until = this.#messenger.expiredUntil(chat);
      if (until === 0) continue;
      this.#conversations.get(chat_id)?.expire(until);
      await this.account.stores.deliveries.expire(chat_id, until);
    }
  }

  /** Copies the state of the chats from the messenger. */
  updateChats(): void {
    const before = this.#chats.peek();
    const known = new Set(before.map(({ chat_id }) => chat_id));
    const chats = this.#messenger.chats;
    for (const { chat_id } of chats) {
      if (before.length > 0 && !known.has(chat_id))
        this.#firstListedAt.set(chat_id, Date.now() / 1000);
    }
    this.#chats.value = chats;
    this.pending.value = this.#messenger.pending;
  }
}
