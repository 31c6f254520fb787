import { type ChatSummary, isSameUsername } from "lacre";
import { type ClientStorage, createClient, type WebSocketConstructor } from "lacre/client";
import {
  connectMls,
  MLS_CAPABILITIES,
  MlsChats,
  type MlsEvent,
  MlsHistory,
  type MlsStorage,
} from "lacre/client/mls";
import type { Account } from "../account.js";
import { socketAddress } from "../connecting.js";
import { createMlsChat, suiteOf } from "../create-mls-chat.js";
import { historyServerOf } from "../history-server.js";
import { mlsServerOf } from "../mls-server.js";
import { type GroupLine, groupLine } from "./group-lines.js";
import { GroupTitle } from "./group-title.js";
import type { GroupChats, GroupClient, GroupMessage } from "./group-types.js";
import {
  type KnownTitle,
  NO_TITLE,
  titleAfter,
  titleDelay,
  titleToSend,
  withoutRepeatedTitles,
} from "./known-title.js";
import { addNames, nameIn, type UserNames } from "./user-names.js";

/** Number of messages that are loaded at a time. */
const PAGE = 100;

/** A group, as a user sees it. */
export interface GroupState {
  readonly chat_id: number;
  /** The name that a member gave it, or the names of the other members. */
  readonly title: string;
  readonly members: readonly {
    readonly user_id: number;
    readonly username: string;
    readonly role: string;
  }[];
  readonly unread: number;
  /** Whether this device can write. */
  readonly isActive: boolean;
}

/** Options of `Groups.open`. */
export interface GroupsOptions {
  readonly account: Account;
  readonly storage: ClientStorage;
  readonly mlsStorage: MlsStorage;
  readonly WebSocket?: WebSocketConstructor;
  /** Called after each change of what the groups return. */
  readonly onChange: () => void;
  /** Receives what the devices of users do, and errors. */
  readonly onEvent?: (event: MlsEvent) => void;
  /** Called if another program of this account and device is in use. */
  readonly onWait?: () => void;
  readonly signal?: AbortSignal;
}

/** The groups of an account: MLS chats, over a connection of their own. */
export class Groups {
  readonly mls: GroupChats;
  /** The backup of what the user's devices read. */
  readonly history: MlsHistory<typeof GroupTitle>;
  readonly #options: GroupsOptions;
  readonly #client: GroupClient;
  readonly #stop: () => Promise<void>;
  readonly #messages = new Map<number, GroupMessage[]>();
  readonly #titles = new Map<number, KnownTitle>();
  readonly #names: UserNames = {};
  readonly #read = new Map<number, number>();
  #summaries: readonly ChatSummary[] = [];
  isOnline = false;

  private constructor(
    options: GroupsOptions,
    mls: GroupChats,
    history: MlsHistory<typeof GroupTitle>,
  ) {
    const { account, storage, WebSocket } = options;
    this.#options = options;
    this.mls = mls;
    this.history = history;
    const { user_id, session_key } = account.login;
    addNames(this.#names, [account]);
    this.#client = createClient({
      ...{ user_id, session_key, storage, capabilities: MLS_CAPABILITIES },
      chats: (chatId) => mls.cipher(chatId),
      url: () => socketAddress(account.api, async () => {}),
      ...(WebSocket && { WebSocket }),
    });
    this.#listen();
    this.#stop = connectMls(this.#client, mls);
  }

  /** Opens the stored groups, and connects. Waits until no other program uses the storage. */
  static async open(options: GroupsOptions): Promise<Groups> {
    const { account, mlsStorage, onWait, signal } = options;
    const mls = await MlsChats.open({
      ...{ user_id: account.user_id, storage: mlsStorage, server: mlsServerOf(account.api) },
      contents: [GroupTitle],
      ...(onWait && { onWait }),
      ...(signal && { signal }),
    });
    const history = await MlsHistory.open(mls, historyServerOf(account.api));
    const groups = new Groups(options, mls, history);
    for (const { chat_id } of mls.chats) await groups.#load(chat_id);
    return groups;
  }

  /** The groups of which this device has messages or the server knows, the latest first. */
  get list(): GroupState[] {
    return this.#summaries
      .filter(({ chat_id }) => this.mls.get(chat_id) !== undefined)
      .map((summary) => this.#stateOf(summary))
      .reverse();
  }

  get(chatId: number): GroupState | undefined {
    return this.list.find(({ chat_id }) => chat_id === chatId);
  }

  /** Returns the lines of a group in their order. The last ones are those that the server has not acknowledged. */
  lines(chatId: number): GroupLine[] {
    const nameOf = (userId: number) => this.nameOf(userId);
    const messages = (this.#messages.get(chatId) ?? []).filter(withoutRepeatedTitles());
    return messages.map((message) => groupLine(message, nameOf));
  }

  nameOf(userId: number): string {
    return nameIn(this.#names, userId);
  }

  /**
   * Creates a group.
   *
   * @param names - Names of the other members.
   * @throws what `createMlsChat` and `MlsChats.create` throw.
   */
  async create(title: string, names: readonly string[]): Promise<number> {
    const chat = await createMlsChat(this.#options.account.api, names);
    const { chat_id, members = [] } = chat;
    const others = members.map(({ user_id }) => user_id).filter((id) => id !== this.mls.user_id);
    await this.mls.create(chat_id, { suite: suiteOf(chat), add: others });
    await this.#client.send(chat_id, { kind: "title", title });
    await this.refresh();
    return chat_id;
  }

  /** Encrypts and stores a text, and sends it. Resolves when it is stored in the outbox. */
  async send(chatId: number, text: string): Promise<void> {
    await this.#client.send(chatId, { kind: "text", text });
    await this.#addQueued(chatId);
  }

  /** Sends a receipt that all of a group is read. */
  markRead(chatId: number): void {
    const seq = this.#messages.get(chatId)?.findLast(({ seq }) => seq !== undefined)?.seq;
    if (seq === undefined || seq <= (this.#read.get(chatId) ?? 0)) return;
    this.#read.set(chatId, seq);
    this.#client.receipts.read(chatId, seq);
    this.#options.onChange();
  }

  /** Adds users to a group. */
  async add(chatId: number, names: readonly string[]): Promise<void> {
    const add = await Promise.all(names.map((name) => this.userId(name)));
    await this.mls.commit(chatId, { add });
    await this.refresh();
  }

  async remove(chatId: number, userId: number): Promise<void> {
    await this.mls.commit(chatId, { remove: [userId] });
    await this.refresh();
  }

  /** Returns the id of a user. @throws {TypeError} if there is no such user. */
  async userId(name: string): Promise<number> {
    const { users } = await this.#options.account.api.searchUsers(name);
    const found = users.find(({ username }) => isSameUsername(username, name));
    if (found === undefined) throw new TypeError(`there is no user ${name}`);
    addNames(this.#names, [found]);
    return found.user_id;
  }

  /** Fetches the list of groups from the server. */
  async refresh(): Promise<void> {
    const chats = await this.#options.account.api.listChats({ mls: true });
    for (const { members = [] } of chats) addNames(this.#names, members);
    this.#summaries = chats.filter(({ encryption_type }) => encryption_type === "MLS");
    this.#options.onChange();
  }

  stop(): Promise<void> {
    return this.#stop();
  }

  #stateOf({ chat_id, unread, last_seq, ...summary }: ChatSummary): GroupState {
    const members = (summary.members ?? []).map((member) => {
      return { ...member, username: this.nameOf(member.user_id) };
    });
    const others = members.filter(({ user_id }) => user_id !== this.mls.user_id);
    const title =
      this.#titles.get(chat_id)?.title ?? others.map(({ username }) => username).join(", ");
    const messages = this.#messages.get(chat_id) ?? [];
    const read = this.#read.get(chat_id);
    const isNew = ({ seq = 0, isOwn }: GroupMessage) => !isOwn && seq > (read ?? last_seq);
    const fresh = messages.filter(isNew).length;
    const isActive = this.mls.get(chat_id)?.isActive ?? false;
    return { chat_id, title, members, unread: fresh + (read === undefined ? unread : 0), isActive };
  }

  #listen(): void {
    const client = this.#client;
    const { onChange, onEvent } = this.#options;
    const refresh = () =>
      void this.refresh().catch((error) => onEvent?.({ type: "error", chat_id: undefined, error }));
    // Not awaited: it may wait for messages that come after the present one.
    const shareTitle = ({ chat_id }: { readonly chat_id: number }) =>
      void this.#shareTitle(chat_id).catch(() => {});
    for (const type of ["message", "sent"] as const) {
      client.on(type, ({ message }) => {
        this.#add(message);
        const delay = titleDelay(message, this.mls.device?.id);
        if (delay !== undefined) setTimeout(() => shareTitle(message), delay);
      });
    }
    client.on("caught_up", shareTitle);
    client.on("failed", ({ message }) => this.#remove(message));
    client.on("online", () => {
      this.isOnline = true;
      refresh();
    });
    client.on("offline", () => {
      this.isOnline = false;
      onChange();
    });
    client.on("status", ({ status }) => {
      if (status.event_type === "chat_changed") refresh();
    });
    this.mls.on((event) => {
      if (event.type === "joined") refresh();
      // It could not be sent while the groups were stopped.
      if (event.type === "accepted") this.mls.chats.forEach(shareTitle);
      if (event.type === "restored")
        void this.#load(event.chat_id).catch((error) =>
          onEvent?.({ type: "error", chat_id: event.chat_id, error }),
        );
      onEvent?.(event);
      onChange();
    });
  }

  /** Loads the last stored messages of a group, and its name from earlier ones. */
  async #load(chatId: number): Promise<void> {
    let page = await this.#client.history(chatId, { limit: PAGE });
    for (const message of page) this.#add(message);
    while (page.length > 0 && this.#titles.get(chatId)?.title === undefined) {
      page = await this.#client.history(chatId, { before: page[0]!.seq!, limit: PAGE });
      for (const message of page) this.#noteTitle(message);
    }
    await this.#addQueued(chatId);
  }

  async #addQueued(chatId: number): Promise<void> {
    for (const message of await this.#client.queued(chatId)) this.#add(message);
  }

  /** Adds a message, or replaces the one with its client id. Those of other kinds of chats are ignored. */
  #add(message: GroupMessage): void {
    const { chat_id, client_id, encrypted } = message;
    if (encrypted.epoch === undefined) return;
    const others = (this.#messages.get(chat_id) ?? []).filter(
      (one) => one.client_id !== client_id || one.sender_id !== message.sender_id,
    );
    const messages = [...others, message].sort(
      (one, other) => (one.seq ?? Number.MAX_SAFE_INTEGER) - (other.seq ?? Number.MAX_SAFE_INTEGER),
    );
    this.#messages.set(chat_id, messages);
    this.#noteTitle(message);
    this.#options.onChange();
  }

  #noteTitle(message: GroupMessage): void {
    const { chat_id } = message;
    this.#titles.set(chat_id, titleAfter(this.#titles.get(chat_id) ?? NO_TITLE, message));
  }

  async #shareTitle(chatId: number): Promise<void> {
    const title = await titleToSend(this.mls, chatId, this.#titles.get(chatId) ?? NO_TITLE);
    if (title !== undefined) await this.#client.send(chatId, { kind: "title", title });
  }

  #remove({ chat_id, client_id }: GroupMessage): void {
    const messages = this.#messages.get(chat_id) ?? [];
    this.#messages.set(
      chat_id,
      messages.filter((one) => one.client_id !== client_id),
    );
    this.#options.onChange();
  }
}
