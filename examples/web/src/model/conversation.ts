import { batch, computed, type Signal, signal } from "@preact/signals";
import {
  type ChatState,
  type Messenger,
  type ReadMessage,
  ServerRejectionError,
  storedAt,
} from "lacre-client";

/** Whether the messages of a chat can be read and written. */
export type Access =
  | { readonly name: "opening" }
  /** The user must enter the passphrase. */
  | { readonly name: "locked" }
  | { readonly name: "open" }
  /** The key must not be used: nothing is sent or shown any more. */
  | { readonly name: "stopped"; readonly reason: string };

/** A message as it is shown. `failure` is why the server rejected it. */
export interface Line extends ReadMessage {
  readonly failure?: string;
}

/** A text that the server does not have. `id` is its key in a list. */
export interface UnsentText {
  readonly id: string;
  readonly text: string;
}

/** State of the messages before the first loaded one. `offline`: the browser has none, and the server may have some. */
export type Earlier = "unknown" | "loading" | "more" | "none" | "offline" | "failed";

/** The messages of one chat, and the state of its view. */
export class Conversation {
  readonly chatId: number;
  readonly access = signal<Access>({ name: "opening" });
  readonly earlier = signal<Earlier>("unknown");
  /** Whether the last page is loaded, and `firstUnread` is set. */
  readonly isLoaded = signal(false);
  /** Unix time in milliseconds at which a request that the server limited is repeated. */
  readonly retryAt = signal<number | undefined>(undefined);
  /** Whether this device created the chat and has received no message of the peer. */
  readonly mayStartOver = signal(false);
  /** A notice about the chat, which the user can dismiss. */
  readonly notice = signal<string | undefined>(undefined);
  readonly isPeerTyping = signal(false);
  readonly draft = signal("");
  /** Whether the end of the last message is on the screen. */
  readonly isAtEnd = signal(true);
  /** Number of messages that the user has sent since the page was opened. */
  readonly sentCount = signal(0);
  /** The seq of the first message of the peer that was unread when the user opened the chat, or that arrived out of view. */
  readonly firstUnread = signal<number | undefined>(undefined);
  readonly #messenger: Messenger;
  /** Messages that the server has stored, by seq, without a gap. */
  readonly #stored = signal<readonly Line[]>([]);
  /** The user's own messages that the server has not stored. */
  readonly #unsent = signal<readonly Line[]>([]);
  /** Those of them that the server rejected. */
  readonly #failed = computed(() =>
    this.#unsent.value.filter(({ failure }) => failure !== undefined),
  );
  readonly #readUpTo = signal(0);
  /** The server's count of unread messages up to a seq, when the chat was loaded. */
  #initialUnread: { readonly unread: number; readonly countedUpTo: number } | undefined;
  #typingTimer: ReturnType<typeof setTimeout> | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;

  /** Resolves when the last message that the user sent is in the outbox, or could not be stored there. */
  sending: Promise<unknown> = Promise.resolve();

  readonly lines = computed<readonly Line[]>(() => [...this.#stored.value, ...this.#unsent.value]);

  readonly last = computed(() => this.lines.value.at(-1));

  /** Time of the last message, when the server stored it or the user wrote it; Unix time in seconds. */
  readonly lastAt = computed(() => {
    const last = [this.#stored.value.at(-1), this.#unsent.value.at(-1)];
    const times = last.filter((line) => line !== undefined).map(storedAt);
    return times.length === 0 ? undefined : Math.max(...times);
  });

  /** The texts of messages that the server rejected. */
  readonly failedTexts = computed(() => textsOf(this.#failed.value));

  /** Number of loaded messages of the peer that are unread. */
  readonly unread = computed(() => {
    const readUpTo = this.#readUpTo.value;
    return this.#stored.value.filter(({ isOwn, seq = 0 }) => !isOwn && seq > readUpTo).length;
  });

  constructor(chatId: number, messenger: Messenger) {
    this.chatId = chatId;
    this.#messenger = messenger;
  }

  /** The texts that the server does not have: those of unsent messages, and the draft. */
  get unsentTexts(): readonly UnsentText[] {
    const draft = { id: `draft of chat ${this.chatId}`, text: this.draft.peek() };
    return [...textsOf(this.#unsent.peek()), draft].filter(({ text }) => text.trim() !== "");
  }

  /** Shows the last message and the unsent ones of a chat that is not loaded. */
  setPreview(last: ReadMessage | undefined, queued: readonly ReadMessage[]): void {
    if (this.earlier.peek() !== "unknown") return;
    batch(() => {
      if (last !== undefined) this.#store([last]);
      if (queued.length > 0) this.#unsent.value = queued;
    });
  }

  /** Loads the last page of messages, and finds the first unread one. */
  async load({ unread, countedUpTo }: ChatState): Promise<void> {
    this.earlier.value = "loading";
    const queued = await this.#messenger.queued(this.chatId);
    batch(() => {
      this.isLoaded.value = false;
      this.#stored.value = [];
      this.#unsent.value = [...this.#failed.peek(), ...queued];
    });
    this.#initialUnread = { unread, countedUpTo };
    await this.#fetch();
    batch(() => {
      this.#readUpTo.value = (this.firstUnread.peek() ?? countedUpTo + 1) - 1;
      this.isLoaded.value = true;
    });
  }

  /** Removes all messages except rejected ones, until the chat is loaded again. */
  clear(): void {
    batch(() => {
      this.isLoaded.value = false;
      this.#stored.value = [];
      this.#unsent.value = this.#failed.peek();
      this.earlier.value = "unknown";
    });
  }

  /** Loads the page of messages before the first loaded one. */
  async loadEarlier(): Promise<void> {
    if (this.earlier.peek() === "loading") return;
    this.earlier.value = "loading";
    await this.#fetch();
  }

  /** Sets `firstUnread` again, when the user returns to a chat that is loaded. */
  markFirstUnread(): void {
    const readUpTo = this.#readUpTo.peek();
    const first = this.#stored.peek().find(({ isOwn, seq = 0 }) => !isOwn && seq > readUpTo);
    this.#setFirstUnread(first?.seq);
  }

  /** Adds a stored message. Returns whether it is new. `isSeen` is whether the user sees it arrive. */
  receive(message: ReadMessage, isSeen: boolean): boolean {
    const { seq = 0, isOwn } = message;
    const stored = this.#stored.peek();
    const isNew = !stored.some((line) => line.seq === seq);
    // After a reconnect, a message may be older than the first loaded page.
    if (this.isLoaded.peek() && seq < (stored[0]?.seq ?? 0)) return false;
    const wasAllRead = this.isLoaded.peek() && this.unread.peek() === 0;
    this.#store([message]);
    if (isOwn) return isNew;
    this.#stopTyping();
    if (isNew && wasAllRead && !isSeen) this.#setFirstUnread(seq);
    return isNew;
  }

  /** Marks messages up to a seq as read. Returns whether one of them was unread. */
  markRead(seq: number): boolean {
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
      if (!isStored) this.#unsent.value = [...this.#unsent.peek(), message];
      this.sentCount.value += 1;
      this.#setFirstUnread(undefined);
    });
  }

  /** Shows one of the user's own messages as sent. */
  onSent(message: ReadMessage): void {
    this.#store([message]);
  }

  /** Shows one of the user's own messages as rejected. */
  onFailed(message: ReadMessage, failure: string): void {
    const { client_id } = message;
    const others = this.#unsent.peek().filter((line) => line.client_id !== client_id);
    this.#unsent.value = [...others, { ...message, failure }];
  }

  /** Moves the text of a rejected message into the draft. */
  moveToDraft(line: Line): void {
    this.#unsent.value = this.#unsent.peek().filter((one) => one !== line);
    if (line.content.kind === "text") returnToDraft(this.draft, line.content.text);
  }

  onTyping(): void {
    clearTimeout(this.#typingTimer);
    this.isPeerTyping.value = true;
    this.#typingTimer = setTimeout(() => this.#stopTyping(), TYPING_DURATION);
  }

  /** Removes the messages after a seq, which the server has lost. */
  rewind(last: number): void {
    this.#stored.value = this.#stored.peek().filter(({ seq = 0 }) => seq <= last);
    this.#readUpTo.value = Math.min(this.#readUpTo.peek(), last);
  }

  /** Removes messages that the server stored up to a time, in Unix seconds. */
  expire(until: number): void {
    const stored = this.#stored.peek();
    const kept = stored.filter((line) => storedAt(line) > until);
    if (kept.length < stored.length) this.#stored.value = kept;
  }

  close(): void {
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#typingTimer);
  }

  /** Fetches the page before the first loaded message. If the server limits requests, waits as long as it asks, and repeats. */
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
    this.retryAt.value = Date.now() + seconds * 1000;
    await new Promise<void>((resolve) => {
      this.#retryTimer = setTimeout(resolve, seconds * 1000);
    });
    this.retryAt.value = undefined;
  }

  /** Finds the first unread message by the server's count, or the first loaded one if more are unread. */
  #findFirstUnread(): void {
    if (this.#initialUnread === undefined) return;
    const { unread, countedUpTo } = this.#initialUnread;
    const isCounted = ({ isOwn, seq = 0 }: Line) => !isOwn && seq <= countedUpTo;
    const counted = this.#stored.peek().filter(isCounted);
    this.firstUnread.value = unread === 0 ? undefined : counted.slice(-unread)[0]?.seq;
  }

  /** Sets where the unread messages begin. The server's count from loading no longer applies. */
  #setFirstUnread(seq: number | undefined): void {
    this.firstUnread.value = seq;
    this.#initialUnread = undefined;
  }

  #store(messages: readonly ReadMessage[]): void {
    const clientIds = new Set(messages.map(({ client_id }) => client_id));
    batch(() => {
      const stored = merge(this.#stored.peek(), messages);
      this.#stored.value = this.earlier.peek() === "unknown" ? stored.slice(-1) : stored;
      this.#unsent.value = this.#unsent
        .peek()
        .filter(({ isOwn, client_id }) => !isOwn || !clientIds.has(client_id));
    });
  }

  #stopTyping(): void {
    clearTimeout(this.#typingTimer);
    this.isPeerTyping.value = false;
  }
}

/** Moves an unsent text into a draft, before what is there. */
export function returnToDraft(draft: Signal<string>, text: string): void {
  draft.value = draft.peek() === "" ? text : `${text}\n${draft.peek()}`;
}

/** How long a typing notice is shown, in milliseconds. */
const TYPING_DURATION = 5000;

function textsOf(unsent: readonly Line[]): UnsentText[] {
  return unsent.flatMap(({ client_id, content }) =>
    content.kind === "text" ? [{ id: client_id!, text: content.text }] : [],
  );
}

/** Merges two lists that are sorted by seq. A message that is in both is taken from `added`. */
function merge(stored: readonly Line[], added: readonly Line[]): readonly Line[] {
  if (added.length === 0) return stored;
  const seqOf = (line: Line | undefined) => line?.seq ?? 0;
  if (seqOf(added[0]) > seqOf(stored.at(-1))) return [...stored, ...added];
  const bySeq = new Map([...stored, ...added].map((line) => [seqOf(line), line]));
  return [...bySeq.values()].sort((one, other) => seqOf(one) - seqOf(other));
}
