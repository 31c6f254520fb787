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
import { NodeWebSocket } from "lacre-client/node";
import type { Output } from "./output.js";
import { OutputError } from "./printing.js";
import { close } from "./stop-signal.js";

/** Maximum number of queued messages. Further input is not read until there are fewer. */
const MAX_PENDING = 1000;
const FOREVER: WaitLimits = { timeout: Number.POSITIVE_INFINITY, spent: 0, isOnlineOnly: false };

/** How long to wait for the server while messages are queued. */
export interface WaitLimits {
  /** Maximum time without an acknowledgement, in milliseconds. */
  readonly timeout: number;
  /** Time that the command has waited before the connection starts, in milliseconds. It counts towards the first timeout. */
  readonly spent: number;
  /** Whether to stop waiting as soon as a connection attempt fails. */
  readonly isOnlineOnly: boolean;
}

/** The server acknowledged no message within the timeout. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
}

export interface CommandConnectionOptions {
  readonly account: Account;
  readonly chats: readonly OpenChat[];
  readonly output: Output;
  /** How incoming messages of these chats are handled. A message that was shown once is not shown again. */
  readonly incoming: "ignored" | "shown" | "shown and read";
  readonly begin?: MessengerOptions["begin"];
  /** When to stop waiting for the server. By default never. */
  readonly waitLimits?: WaitLimits;
}

/** Connects a command to some chats: sends texts and shows events. */
export class CommandConnection {
  readonly #options: CommandConnectionOptions;
  #messenger: Messenger | undefined;
  /** The chats whose earlier messages have not all been received. */
  readonly #behind: Set<number>;
  /** The chats whose keys can be used. */
  readonly #open: Set<number>;
  #failed = 0;
  #whyNotConnected: WhyNotConnected = "unreachable";
  /** Number of messages that the server has accepted or rejected. */
  #settled = 0;
  #waiting: (() => void)[] = [];
  #end: (reason: unknown) => void = () => {};
  readonly #ended = new Promise<never>((_, reject) => {
    this.#end = reject;
  });

  private constructor(options: CommandConnectionOptions) {
    this.#options = options;
    const chatIds = options.chats.map(({ chat_id }) => chat_id);
    this.#behind = new Set(chatIds);
    this.#open = new Set(chatIds);
    // Some commands do not await this promise. Without a handler, its rejection would end the process.
    this.#ended.catch(() => {});
  }

  /** Reports that the command is ready, then connects. */
  static async start(options: CommandConnectionOptions): Promise<CommandConnection> {
    const { account, chats, output, incoming, begin = "first" } = options;
    const connection = new CommandConnection(options);
    const open = { open: chats, only: chats.map(({ chat_id }) => chat_id) };
    await connection.#show(() => output.ready());
    connection.#messenger = await Messenger.start({
      ...open,
      ...(incoming === "ignored" && { only: [] }),
      account,
      begin,
      WebSocket: NodeWebSocket,
      onEvent: (event) => connection.#onEvent(event),
    });
    return connection;
  }

  get messenger(): Messenger {
    return this.#messenger!;
  }

  /** Number of messages that this program or the server rejected. */
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

  /** Whether all messages from before the connection have been shown. */
  get isCaughtUp(): boolean {
    return this.#behind.size === 0;
  }

  /**
   * Stores a text and sends it, now or when there is a connection. If it cannot be sent, shows an error.
   *
   * @throws {StoreError} if the text cannot be stored and the command ignores incoming messages.
   */
  async send({ chat_id }: OpenChat, text: string): Promise<void> {
    await this.untilPending(MAX_PENDING - 1);
    try {
      await this.messenger.send(chat_id, text);
    } catch (error) {
      const isInvalidText = error instanceof LacreError;
      const canContinue = error instanceof StoreError && this.#options.incoming !== "ignored";
      if (!isInvalidText && !canContinue) throw error;
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
   * Waits until at most `most` messages are queued, or until a connection attempt fails if `isOnlineOnly` is set.
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

  /** Runs `work` until it resolves or the session ends, then closes the connection. */
  async during(work: () => Promise<void>): Promise<void> {
    try {
      await Promise.race([work(), this.#ended]);
    } finally {
      process.stdin.destroy();
      await close(this.messenger);
    }
  }

  async #onEvent(event: MessengerEvent): Promise<void> {
    const { account, chats, output, incoming } = this.#options;
    if (event.type === "ended") return this.#end(event.error);
    if (event.type === "closed" && this.#removeChat(event)) return;
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

  /** Removes a closed chat. A command ends with its last chat. Returns whether it ends. */
  #removeChat({ chat_id, reason }: Extract<MessengerEvent, { type: "closed" }>): boolean {
    this.#behind.delete(chat_id);
    this.#open.delete(chat_id);
    const isLast = this.#open.size === 0;
    if (isLast) this.#end(reason);
    return isLast;
  }

  /**
   * Writes output, and returns whether that succeeded. After a failure no further message is received, because it could not be
   * shown: `listen` ends, other commands continue to send.
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

  /** Marks messages as read: those that `listen` showed earlier, and those that this command shows. */
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

/** Returns whether an event concerns one of these chats, or the whole connection. */
function isAbout(event: MessengerEvent, chats: readonly OpenChat[]): boolean {
  if (event.type === "presence") return chats.some(({ peer_id }) => peer_id === event.user_id);
  const chatId = "message" in event ? event.message.chat_id : "chat_id" in event && event.chat_id;
  return chatId === false || chats.some(({ chat_id }) => chat_id === chatId);
}

/** Returns whether `work` resolves within `timeout` milliseconds, which may be infinite. */
async function isInTime(work: Promise<void>, timeout: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    if (Number.isFinite(timeout)) timer = setTimeout(resolve, timeout, false);
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
