import { batch, computed, signal } from "@preact/signals";
import {
  type ChatState,
  type Messenger,
  type ReadMessage,
  ServerRejectionError,
  storedAt,
} from "lacre-client";

/** Whether a chat can be read and written. */
export type Access =
  | { readonly name: "opening" }
  /** Its passphrase is needed. */
  | { readonly name: "locked" }
  | { readonly name: "open" }
  /** Nothing is sent or shown there, ever. */
  | { readonly name: "stopped"; readonly reason: string };

/** A message in its place; `failure` says why the server will not take it. */
export interface Line extends ReadMessage {
  readonly failure?: string;
}

/** Where the beginning of a chat is. */
export type Earlier = "unknown" | "loading" | "more" | "none" | "offline" | "failed";

/** One chat as it is shown. */
export class Conversation {
  readonly chatId: number;
  readonly access = signal<Access>({ name: "opening" });
  readonly earlier = signal<Earlier>("unknown");
  /** Whether the last page is here, and with it where the unread messages begin. */
  readonly isLoaded = signal(false);
  /** When a server that limits requests is asked again, in Unix milliseconds. */
  readonly waitsUntil = signal<number | undefined>(undefined);
  /** Whether this device created the chat, and the peer has answered nothing that it knows of. */
  readonly mayStartOver = signal(false);
  /** Something to be told about the chat. */
  readonly notice = signal<string | undefined>(undefined);
  readonly isPeerTyping = signal(false);
  readonly draft = signal("");
  /** Whether the last message is in view. */
  readonly isAtEnd = signal(true);
  /** How many messages were written here since the page was opened. */
  readonly written = signal(0);
  /** The seq of the peer's first message that was unread when the user came, or that arrived out of view. */
  readonly firstUnread = signal<number | undefined>(undefined);
  readonly #messenger: Messenger;
  /** In the order of their seqs, without a gap up to the last one. */
  readonly #stored = signal<readonly Line[]>([]);
  readonly #waiting = signal<readonly Line[]>([]);
  readonly #readUpTo = signal(0);
  /** What the server counted as unread when the chat was loaded, up to a seq. */
  #unreadAtFirst: { readonly unread: number; readonly countedUpTo: number } | undefined;
  #typingEnds: ReturnType<typeof setTimeout> | undefined;
  #asksAgain: ReturnType<typeof setTimeout> | undefined;

  /** Settles when the message that was written last is in the outbox, or could not be put there. */
  sending: Promise<unknown> = Promise.resolve();

  readonly lines = computed<readonly Line[]>(() => [...this.#stored.value, ...this.#waiting.value]);

  readonly last = computed(() => this.lines.value.at(-1));

  /** When the last message was stored at the server, or written here; Unix time in seconds. Undefined without a message. */
  readonly lastAt = computed(() => {
    const last = [this.#stored.value.at(-1), this.#waiting.value.at(-1)];
    const times = last.filter((line) => line !== undefined).map(storedAt);
    return times.length === 0 ? undefined : Math.max(...times);
  });

  /** The texts of messages that are not sent, and will not be. */
  readonly failed = computed<readonly string[]>(() =>
    this.#waiting.value.flatMap(({ failure, content }) =>
      failure !== undefined && content.kind === "text" ? [content.text] : [],
    ),
  );

  /** How many of the peer's messages are unread, of those that are loaded. */
  readonly unread = computed(() => {
    const readUpTo = this.#readUpTo.value;
    return this.#stored.value.filter(({ isOwn, seq = 0 }) => !isOwn && seq > readUpTo).length;
  });

  constructor(chatId: number, messenger: Messenger) {
    this.chatId = chatId;
    this.#messenger = messenger;
  }

  /** Has the chat's last message known before the chat is loaded, and what waits to be sent there. */
  preview(last: ReadMessage | undefined, queued: readonly ReadMessage[]): void {
    if (this.earlier.peek() !== "unknown") return;
    batch(() => {
      if (last !== undefined) this.#store([last]);
      if (queued.length > 0) this.#waiting.value = queued;
    });
  }

  /** Shows the last page, and what comes meanwhile. Before, only the last message that came is here. */
  async load({ unread, countedUpTo }: ChatState): Promise<void> {
    this.earlier.value = "loading";
    const queued = await this.#messenger.queued(this.chatId);
    const failed = this.#waiting.peek().filter(({ failure }) => failure !== undefined);
    batch(() => {
      this.isLoaded.value = false;
      this.#stored.value = [];
      this.#waiting.value = [...failed, ...queued];
    });
    this.#unreadAtFirst = { unread, countedUpTo };
    await this.#fetch();
    batch(() => {
      this.#readUpTo.value = (this.firstUnread.peek() ?? countedUpTo + 1) - 1;
      this.isLoaded.value = true;
    });
  }

  /** Shows only messages that were not sent, until the chat is loaded again. */
  forget(): void {
    batch(() => {
      this.isLoaded.value = false;
      this.#stored.value = [];
      this.#waiting.value = this.#waiting.peek().filter(({ failure }) => failure !== undefined);
      this.earlier.value = "unknown";
    });
  }

  /** Shows the page before what is shown. */
  async loadEarlier(): Promise<void> {
    if (this.earlier.peek() === "loading") return;
    this.earlier.value = "loading";
    await this.#fetch();
  }

  /** The user comes to a chat that was loaded before. */
  enter(): void {
    const readUpTo = this.#readUpTo.peek();
    const first = this.#stored.peek().find(({ isOwn, seq = 0 }) => !isOwn && seq > readUpTo);
    this.#divideAt(first?.seq);
  }

  /** Gives whether the message is new here. `isSeen` says whether the user sees it arrive. */
  receive(message: ReadMessage, isSeen: boolean): boolean {
    const { seq = 0, isOwn } = message;
    const stored = this.#stored.peek();
    const isNew = !stored.some((line) => line.seq === seq);
    // What a device that was away catches up with may be before the pages that are here.
    if (this.isLoaded.peek() && seq < (stored[0]?.seq ?? 0)) return false;
    const wasAllRead = this.isLoaded.peek() && this.unread.peek() === 0;
    this.#store([message]);
    if (isOwn) return isNew;
    this.#stopTyping();
    if (isNew && wasAllRead && !isSeen) this.#divideAt(seq);
    return isNew;
  }

  /** The user has read the chat up to a seq; gives whether that is news. */
  read(seq: number): boolean {
    if (seq <= this.#readUpTo.peek()) return false;
    this.#readUpTo.value = seq;
    return true;
  }

  async send(text: string): Promise<void> {
    const sending = this.#messenger.send(this.chatId, text);
    this.sending = sending.catch(() => {});
    const message = await sending;
    const isStored = this.#stored.peek().some(({ client_id }) => client_id === message.client_id);
    batch(() => {
      if (!isStored) this.#waiting.value = [...this.#waiting.peek(), message];
      this.written.value += 1;
      this.#divideAt(undefined);
    });
  }

  /** One of ours that the server has. */
  settle(message: ReadMessage): void {
    this.#store([message]);
  }

  fail(message: ReadMessage, failure: string): void {
    const { client_id } = message;
    const others = this.#waiting.peek().filter((line) => line.client_id !== client_id);
    this.#waiting.value = [...others, { ...message, failure }];
  }

  /** Puts the text of a message that failed before what is being written. */
  edit(line: Line): void {
    this.#waiting.value = this.#waiting.peek().filter((one) => one !== line);
    if (line.content.kind !== "text") return;
    const { text } = line.content;
    const draft = this.draft.peek();
    this.draft.value = draft === "" ? text : `${text}\n${draft}`;
  }

  noteTyping(): void {
    clearTimeout(this.#typingEnds);
    this.isPeerTyping.value = true;
    this.#typingEnds = setTimeout(() => this.#stopTyping(), TYPING_LASTS);
  }

  /** The chat ends at a seq again. */
  rewind(last: number): void {
    this.#stored.value = this.#stored.peek().filter(({ seq = 0 }) => seq <= last);
    this.#readUpTo.value = Math.min(this.#readUpTo.peek(), last);
  }

  /** Takes away what the server stored up to a time, Unix time in seconds. */
  expire(until: number): void {
    const stored = this.#stored.peek();
    const kept = stored.filter((line) => storedAt(line) > until);
    if (kept.length < stored.length) this.#stored.value = kept;
  }

  close(): void {
    clearTimeout(this.#asksAgain);
    clearTimeout(this.#typingEnds);
  }

  /** Fetches the page before the first message, and waits where the server asks for that. */
  async #fetch(): Promise<void> {
    for (;;) {
      try {
        return await this.#fetchPage();
      } catch (error) {
        const seconds = error instanceof ServerRejectionError ? error.retryAfter : undefined;
        if (seconds === undefined) {
          this.earlier.value = "failed";
          throw error;
        }
        await this.#wait(seconds);
      }
    }
  }

  async #fetchPage(): Promise<void> {
    const before = this.isLoaded.peek() ? this.#stored.peek()[0]?.seq : undefined;
    const page = before === undefined ? {} : { before };
    const { messages, hasMore, isKeptCopy } = await this.#messenger.history(this.chatId, page);
    const first = messages[0]?.seq ?? 0;
    batch(() => {
      this.#store(messages);
      this.#stored.value = this.#stored.peek().filter(({ seq = 0 }) => seq >= first);
      this.#findFirstUnread();
      this.earlier.value = hasMore ? "more" : isKeptCopy ? "offline" : "none";
    });
  }

  async #wait(seconds: number): Promise<void> {
    this.waitsUntil.value = Date.now() + seconds * 1000;
    await new Promise<void>((resolve) => {
      this.#asksAgain = setTimeout(resolve, seconds * 1000);
    });
    this.waitsUntil.value = undefined;
  }

  /** Counts back to the first message that was unread at first, or to the first one that is loaded. */
  #findFirstUnread(): void {
    if (this.#unreadAtFirst === undefined) return;
    const { unread, countedUpTo } = this.#unreadAtFirst;
    const isCounted = ({ isOwn, seq = 0 }: Line) => !isOwn && seq <= countedUpTo;
    const counted = this.#stored.peek().filter(isCounted);
    this.firstUnread.value = unread === 0 ? undefined : counted.slice(-unread)[0]?.seq;
  }

  /** Has the unread messages begin elsewhere than where the chat was loaded with. */
  #divideAt(seq: number | undefined): void {
    this.firstUnread.value = seq;
    this.#unreadAtFirst = undefined;
  }

  #store(messages: readonly ReadMessage[]): void {
    const clientIds = new Set(messages.map(({ client_id }) => client_id));
    batch(() => {
      const stored = merge(this.#stored.peek(), messages);
      this.#stored.value = this.earlier.peek() === "unknown" ? stored.slice(-1) : stored;
      this.#waiting.value = this.#waiting
        .peek()
        .filter(({ isOwn, client_id }) => !isOwn || !clientIds.has(client_id));
    });
  }

  #stopTyping(): void {
    clearTimeout(this.#typingEnds);
    this.isPeerTyping.value = false;
  }
}

/** How long the peer counts as typing after the last sign of it, in milliseconds. */
const TYPING_LASTS = 5000;

/** Both in the order of their seqs. A message that is in both is taken from `added`. */
function merge(stored: readonly Line[], added: readonly Line[]): readonly Line[] {
  if (added.length === 0) return stored;
  const seqOf = (line: Line | undefined) => line?.seq ?? 0;
  if (seqOf(added[0]) > seqOf(stored.at(-1))) return [...stored, ...added];
  const bySeq = new Map([...stored, ...added].map((line) => [seqOf(line), line]));
  return [...bySeq.values()].sort((one, other) => seqOf(one) - seqOf(other));
}
