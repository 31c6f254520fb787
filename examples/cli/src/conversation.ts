import { LacreError } from "lacre";
import {
  type Account,
  Messenger,
  type MessengerEvent,
  type MessengerOptions,
  type OpenChat,
  StoreError,
  type WhyNotConnected,
} from "lacre-client";
import { connectInNode } from "lacre-client/node";
import type { Output } from "./output.js";
import { OutputError } from "./printing.js";
import { close } from "./stop-signal.js";

/** Maximum number of messages that wait to be sent. Further input is not read until there are fewer. */
const MAX_PENDING = 1000;
const FOREVER: WaitLimits = { timeout: Number.POSITIVE_INFINITY, spent: 0, isOnlineOnly: false };

/** How long to wait for the server while messages wait to be sent. */
export interface WaitLimits {
  /** Maximum time without an acknowledgement, in milliseconds. */
  readonly timeout: number;
  /** How much of that was spent before the conversation started, in milliseconds. */
  readonly spent: number;
  /** Whether to stop waiting as soon as a connection attempt fails. */
  readonly isOnlineOnly: boolean;
}

/** The server acknowledged nothing for as long as a command waits. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
}

export interface ConversationOptions {
  readonly account: Account;
  readonly chats: readonly OpenChat[];
  readonly output: Output;
  /** What happens to incoming messages of these chats. A message that was shown once is not shown again. */
  readonly incoming: "ignored" | "shown" | "shown and read";
  readonly begin?: MessengerOptions["begin"];
  /** When to stop waiting for the server. By default never. */
  readonly waitLimits?: WaitLimits;
}

/** The connection of a command to some chats: sends texts, shows events. */
export class Conversation {
  readonly #options: ConversationOptions;
  #messenger: Messenger | undefined;
  readonly #behind: Set<number>;
  /** The chats that are open. */
  readonly #open: Set<number>;
  #failed = 0;
  #whyNotConnected: WhyNotConnected = "unreachable";
  /** How many messages the server has accepted or rejected. */
  #settled = 0;
  #waiting: (() => void)[] = [];
  #end: (reason: unknown) => void = () => {};
  readonly #ended = new Promise<never>((_, reject) => {
    this.#end = reject;
  });

  private constructor(options: ConversationOptions) {
    this.#options = options;
    const chatIds = options.chats.map(({ chat_id }) => chat_id);
    this.#behind = new Set(chatIds);
    this.#open = new Set(chatIds);
    // A command that does not wait for the end does not handle its reason.
    this.#ended.catch(() => {});
  }

  /** Connects. */
  static async start(options: ConversationOptions): Promise<Conversation> {
    const { account, chats, output, incoming, begin = "first" } = options;
    const conversation = new Conversation(options);
    const open = { open: chats, only: chats.map(({ chat_id }) => chat_id) };
    await conversation.#show(() => output.ready());
    conversation.#messenger = await Messenger.start({
      ...open,
      ...(incoming === "ignored" && { only: [] }),
      account,
      begin,
      connect: connectInNode,
      hear: (event) => conversation.#hear(event),
    });
    process.on("SIGCONT", () => conversation.messenger.probe());
    return conversation;
  }

  get messenger(): Messenger {
    return this.#messenger!;
  }

  /** How many messages were rejected, by this program or by the server. */
  get failed(): number {
    return this.#failed;
  }

  /** Why the last attempt to connect failed. */
  get whyNotConnected(): WhyNotConnected {
    return this.#whyNotConnected;
  }

  get isOffline(): boolean {
    return this.messenger.isOnline === false;
  }

  /** Whether everything was shown that was there at the beginning. */
  get isCaughtUp(): boolean {
    return this.#behind.size === 0;
  }

  /**
   * Keeps a text and sends it, now or when there is a connection. Shows why a text is not sent.
   *
   * @throws {StoreError} for a command that shows no incoming messages, if the text cannot be stored.
   */
  async send({ chat_id }: OpenChat, text: string): Promise<void> {
    await this.untilPending(MAX_PENDING - 1);
    try {
      await this.messenger.send(chat_id, text);
    } catch (error) {
      const isOfText = error instanceof LacreError;
      const isShown = error instanceof StoreError && this.#options.incoming !== "ignored";
      if (!isOfText && !isShown) throw error;
      this.#failed += 1;
      const { output } = this.#options;
      await this.#show(() => output.error(error.code, `not sent: ${error.message}`, text));
    }
  }

  /** Waits until a condition holds. The condition is evaluated now and after each event. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resume) => this.#waiting.push(resume));
  }

  /**
   * Waits until at most `most` messages wait to be sent, or until a connection attempt fails if `isOnlineOnly` is set.
   *
   * @throws {NoAnswerError} if the server acknowledges no message within the timeout.
   */
  async untilPending(most: number): Promise<void> {
    const { timeout, spent, isOnlineOnly } = this.#options.waitLimits ?? FOREVER;
    const isDone = () => this.messenger.pending <= most || (isOnlineOnly && this.isOffline);
    while (!isDone()) {
      const settled = this.#settled;
      const remaining = settled === 0 ? Math.max(0, timeout - spent) : timeout;
      const isAnswered = () => isDone() || this.#settled > settled;
      if (!(await isInTime(this.until(isAnswered), remaining))) throw new NoAnswerError();
    }
  }

  /** Does `work`, unless the session ends before, and closes the connection. */
  async during(work: () => Promise<void>): Promise<void> {
    try {
      await Promise.race([work(), this.#ended]);
    } finally {
      process.stdin.destroy();
      await close(this.messenger);
    }
  }

  async #hear(event: MessengerEvent): Promise<void> {
    const { account, chats, output, incoming } = this.#options;
    if (event.type === "ended") return this.#end(event.error);
    if (event.type === "closed" && this.#close(event)) return;
    if (event.type === "failed") this.#failed += 1;
    if (event.type === "not connected") this.#whyNotConnected = event.why;
    if (event.type === "failed" || event.type === "sent") this.#settled += 1;
    const nameOf = (userId: number) =>
      userId === account.user_id
        ? account.username
        : (chats.find(({ peer_id }) => peer_id === userId)?.peer_name ?? `user ${userId}`);
    const isShown = !isAbout(event, chats) || (await this.#show(() => output.event(event, nameOf)));
    if (event.type === "caught_up" || event.type === "gap") this.#behind.delete(event.chat_id);
    if (isShown && incoming === "shown and read") this.#markRead(event);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }

  /** A command goes on while any of its chats is open. Returns whether it ends. */
  #close({ chat_id, reason }: Extract<MessengerEvent, { type: "closed" }>): boolean {
    this.#behind.delete(chat_id);
    this.#open.delete(chat_id);
    const isLast = this.#open.size === 0;
    if (isLast) this.#end(reason);
    return isLast;
  }

  /**
   * Shows something. Where that fails, `listen` ends; other commands go on to send. No further message counts as shown.
   * Returns whether it was shown.
   */
  async #show(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (!(error instanceof OutputError)) throw error;
      this.#messenger?.stopReceiving();
      if (this.#options.incoming === "shown") this.#end(error);
      return false;
    }
  }

  /** Marks as read what `listen` has shown before, and what this chat shows. */
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

/** Whether an event is about one of these chats, or about all. */
function isAbout(event: MessengerEvent, chats: readonly OpenChat[]): boolean {
  if (event.type === "presence") return chats.some(({ peer_id }) => peer_id === event.user_id);
  const chatId = "message" in event ? event.message.chat_id : "chat_id" in event && event.chat_id;
  return chatId === false || chats.some(({ chat_id }) => chat_id === chatId);
}

/** Whether `work` resolves within `timeout` milliseconds, which may be infinite. */
async function isInTime(work: Promise<void>, timeout: number): Promise<boolean> {
  let alarm: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    if (Number.isFinite(timeout)) alarm = setTimeout(resolve, timeout, false);
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(alarm);
  }
}
