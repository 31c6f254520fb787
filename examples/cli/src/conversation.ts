import { LacreError } from "lacre";
import {
  type Account,
  Messenger,
  type MessengerEvent,
  type MessengerOptions,
  type OpenChat,
} from "lacre-client";
import { connectInNode } from "lacre-client/node";
import type { Output } from "./output.js";

/** Messages that may wait to be sent. What more is written waits where it comes from. */
const MAX_PENDING = 1000;

export interface ConversationOptions {
  readonly account: Account;
  readonly chats: readonly OpenChat[];
  readonly output: Output;
  /** What becomes of messages in these chats. One that is shown is not shown again. */
  readonly incoming: "ignored" | "shown" | "shown and read";
  readonly begin?: MessengerOptions["begin"];
}

/** What a command does with some chats: has its texts sent, and what comes shown. */
export class Conversation {
  readonly #options: ConversationOptions;
  #messenger: Messenger | undefined;
  readonly #behind: Set<number>;
  #failed = 0;
  #waiting: (() => void)[] = [];
  #end: (reason: unknown) => void = () => {};
  readonly #ended = new Promise<never>((_, reject) => {
    this.#end = reject;
  });

  private constructor(options: ConversationOptions) {
    this.#options = options;
    this.#behind = new Set(options.chats.map(({ chat_id }) => chat_id));
    // Whoever does not wait for the end is not told of it.
    this.#ended.catch(() => {});
  }

  /** Begins to talk. */
  static async start(options: ConversationOptions): Promise<Conversation> {
    const { account, chats, output, incoming, begin = "first" } = options;
    const conversation = new Conversation(options);
    const open = { open: chats, only: chats.map(({ chat_id }) => chat_id) };
    output.ready();
    conversation.#messenger = await Messenger.start({
      ...open,
      ...(incoming === "ignored" && { only: [] }),
      account,
      begin,
      connect: connectInNode,
      hear: (event) => conversation.#hear(event),
    });
    return conversation;
  }

  get messenger(): Messenger {
    return this.#messenger!;
  }

  /** How many messages did not become part of their chats. */
  get failed(): number {
    return this.#failed;
  }

  get isOffline(): boolean {
    return this.messenger.isOnline === false;
  }

  /** Whether everything was shown that was there at the beginning. */
  get isCaughtUp(): boolean {
    return this.#behind.size === 0;
  }

  /** Has a text sent, now or when there is a connection. */
  async send({ chat_id }: OpenChat, text: string): Promise<void> {
    await this.until(() => this.messenger.pending < MAX_PENDING);
    try {
      await this.messenger.send(chat_id, text);
    } catch (error) {
      if (!(error instanceof LacreError)) throw error;
      this.#failed += 1;
      this.#options.output.error(error.code, `not sent: ${error.message}`);
    }
  }

  /** Waits until a condition holds, which is asked again whenever something has happened. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resume) => this.#waiting.push(resume));
  }

  /** Does `work`, unless the session ends before, and lets go of everything. */
  async during(work: () => Promise<void>): Promise<void> {
    try {
      await Promise.race([work(), this.#ended]);
    } finally {
      process.stdin.destroy();
      await this.messenger.stop();
    }
  }

  #hear(event: MessengerEvent): void {
    const { account, chats, output, incoming } = this.#options;
    if (event.type === "ended") return this.#end(event.error);
    if (event.type === "failed") this.#failed += 1;
    const nameOf = (userId: number) =>
      userId === account.user_id
        ? account.username
        : (chats.find(({ peer_id }) => peer_id === userId)?.peer_name ?? `user ${userId}`);
    if (isAbout(event, chats)) output.event(event, nameOf);
    if (event.type === "caught_up" || event.type === "gap") this.#behind.delete(event.chat_id);
    if (incoming === "shown and read") this.#markRead(event);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }

  /** What `listen` has shown is read too by whoever opens the chat. */
  #markRead(event: MessengerEvent): void {
    const { chats } = this.#options;
    if (event.type === "caught_up" && isAbout(event, chats)) {
      this.messenger.markRead(event.chat_id, event.seq);
    }
    if (event.type === "message" && !event.message.isOwn && event.message.seq !== undefined) {
      this.messenger.markRead(event.message.chat_id, event.message.seq);
    }
  }
}

/** Whether something happened in one of these chats, or to everybody. */
function isAbout(event: MessengerEvent, chats: readonly OpenChat[]): boolean {
  if (event.type === "presence") return chats.some(({ peer_id }) => peer_id === event.user_id);
  const chatId = "message" in event ? event.message.chat_id : "chat_id" in event && event.chat_id;
  return chatId === false || chats.some(({ chat_id }) => chat_id === chatId);
}
