import { batch, computed, signal } from "@preact/signals";
import type { ChatState, Messenger, ReadMessage } from "lacre-client";

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
  /** Something to be told about the chat. */
  readonly notice = signal<string | undefined>(undefined);
  readonly isPeerTyping = signal(false);
  readonly draft = signal("");
  readonly #messenger: Messenger;
  readonly #stored = signal<ReadonlyMap<number, Line>>(new Map());
  readonly #waiting = signal<readonly Line[]>([]);
  #typingEnds: ReturnType<typeof setTimeout> | undefined;

  readonly lines = computed<readonly Line[]>(() => {
    const inOrder = [...this.#stored.value].sort(([one], [other]) => one - other);
    return [...inOrder.map(([, line]) => line), ...this.#waiting.value];
  });

  constructor(chatId: number, messenger: Messenger) {
    this.chatId = chatId;
    this.#messenger = messenger;
  }

  /** The seq up to which the peer's messages are shown. */
  get shownUpTo(): number {
    const seqs = this.lines.peek().flatMap(({ isOwn, seq }) => (isOwn ? [] : [seq ?? 0]));
    return Math.max(0, ...seqs);
  }

  /** Shows what there is, as of now; what was shown while the chat was locked is read anew. */
  async load(): Promise<void> {
    this.earlier.value = "loading";
    const queued = await this.#messenger.queued(this.chatId);
    const failed = this.#waiting.peek().filter(({ failure }) => failure !== undefined);
    batch(() => {
      this.#stored.value = new Map();
      this.#waiting.value = [...failed, ...queued];
    });
    await this.#fetch();
  }

  /** Shows the page before what is shown. */
  async loadEarlier(): Promise<void> {
    if (this.earlier.peek() === "loading") return;
    this.earlier.value = "loading";
    await this.#fetch();
  }

  /** Gives whether the message is new here. */
  receive(message: ReadMessage): boolean {
    const isNew = !this.#stored.peek().has(message.seq ?? 0);
    this.#store([message]);
    if (!message.isOwn) this.#stopTyping();
    return isNew;
  }

  async send(text: string): Promise<void> {
    const message = await this.#messenger.send(this.chatId, text);
    const isStored = [...this.#stored.peek().values()].some(
      ({ client_id }) => client_id === message.client_id,
    );
    if (!isStored) this.#waiting.value = [...this.#waiting.peek(), message];
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

  /** Has a message that failed written anew. */
  edit(line: Line): void {
    this.#waiting.value = this.#waiting.peek().filter((one) => one !== line);
    if (line.content.kind === "text") this.draft.value = line.content.text;
  }

  noteTyping(): void {
    clearTimeout(this.#typingEnds);
    this.isPeerTyping.value = true;
    this.#typingEnds = setTimeout(() => this.#stopTyping(), TYPING_LASTS);
  }

  /** The chat ends at a seq again. */
  rewind(seq: number): void {
    this.#stored.value = new Map([...this.#stored.peek()].filter(([one]) => one <= seq));
  }

  /** Takes away what is older than the chat keeps messages. */
  expire({ auto_delete_hours }: ChatState): void {
    if (auto_delete_hours === 0) return;
    const oldest = Date.now() / 1000 - auto_delete_hours * 3600;
    const stored = this.#stored.peek();
    const fresh = [...stored].filter(([, { timestamp }]) => timestamp >= oldest);
    if (fresh.length < stored.size) this.#stored.value = new Map(fresh);
  }

  async #fetch(): Promise<void> {
    try {
      const first = Math.min(...this.#stored.peek().keys());
      const page = Number.isFinite(first) ? { before: first } : {};
      const { messages, hasMore, isKeptCopy } = await this.#messenger.history(this.chatId, page);
      batch(() => {
        this.#store(messages);
        this.earlier.value = hasMore ? "more" : isKeptCopy ? "offline" : "none";
      });
    } catch (error) {
      this.earlier.value = "failed";
      throw error;
    }
  }

  #store(messages: readonly ReadMessage[]): void {
    const stored = new Map(this.#stored.peek());
    for (const message of messages) stored.set(message.seq ?? 0, message);
    const clientIds = new Set(messages.map(({ client_id }) => client_id));
    batch(() => {
      this.#stored.value = stored;
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

/** For how long somebody counts as typing who said so, in milliseconds. */
const TYPING_LASTS = 5000;
