import { randomUUID } from "node:crypto";
import { type ChatMessage, LacreError } from "lacre";
import { encryptMessage } from "lacre/e2e";
import type { OutgoingMessage, SessionNotice } from "lacre/session";
import type { Account } from "./account.js";
import { type Client, type Heard, startClient } from "./client.js";
import { sessionEnded } from "./failure.js";
import type { OpenChat } from "./open-chat.js";
import type { Output } from "./output.js";
import type { Reader } from "./reader.js";
import { troubleOf } from "./trouble.js";

/** Messages that may wait to be sent. What more is written waits where it comes from. */
const MAX_PENDING = 1000;

export interface ConversationOptions {
  readonly account: Account;
  readonly reader: Reader;
  readonly output: Output;
  /** What becomes of messages in the reader's chats. One that is shown is not shown again. */
  readonly incoming: "ignored" | "shown" | "shown and read";
}

/** What a command does with a session: has its texts sent, and what comes shown. */
export class Conversation {
  readonly #options: ConversationOptions;
  readonly #client: Client;
  /** What the server has not acknowledged, by client id. */
  readonly #pending: Map<string, OutgoingMessage>;
  /** The last seqs of chats that were not shown up to there yet. */
  readonly #goals = new Map<number, number>();
  #isOnline: boolean | undefined;
  #failed = 0;
  /** What is heard is acted on one after the other. */
  #acting: Promise<void> = Promise.resolve();
  #waiting: (() => void)[] = [];
  #end: (reason: unknown) => void = () => {};
  readonly #ended = new Promise<never>((_, reject) => {
    this.#end = reject;
  });

  /** `lastSeqs` says how far the account's chats were written. */
  private constructor(options: ConversationOptions, lastSeqs: ReadonlyMap<number, number>) {
    this.#options = options;
    const { account, reader, incoming } = options;
    const { disk, profile } = account;
    // What is not shown here is not fetched either: other chats go on from where they are.
    const cursors = new Map(lastSeqs);
    for (const { chat_id } of incoming === "ignored" ? [] : reader.chats) {
      const lastSeq = lastSeqs.get(chat_id) ?? 0;
      cursors.set(chat_id, disk.cursorOf(chat_id));
      if (lastSeq > disk.cursorOf(chat_id)) this.#goals.set(chat_id, lastSeq);
    }
    this.#pending = new Map(disk.readOutbox().map((message) => [message.client_id, message]));
    const session_key = Buffer.from(profile.session_key, "base64");
    const outbox = [...this.#pending.values()];
    const session = { session_key, user_id: profile.user_id, outbox, cursors };
    this.#client = startClient(account.entrance, session, disk, (heard) => {
      this.#acting = this.#acting.then(() => this.#act(heard)).catch(this.#end);
    });
    for (const { chat_id } of incoming === "shown and read" ? reader.chats : []) {
      // What `listen` has shown is read by whoever opens the chat.
      const seq = Math.min(disk.cursorOf(chat_id), lastSeqs.get(chat_id) ?? 0);
      if (seq > 0) this.#client.handle({ type: "mark", event_type: "read", chat_id, seq });
    }
  }

  /** Holds the reader's chats to what they are, and begins to talk. */
  static async start(options: ConversationOptions): Promise<Conversation> {
    const { account, reader, output } = options;
    for (const chat of reader.chats) account.pin(chat);
    const chats = await account.listChats();
    output.ready();
    return new Conversation(
      options,
      new Map(chats.map(({ chat_id, last_seq }) => [chat_id, last_seq])),
    );
  }

  /** How many messages did not become part of their chats. */
  get failed(): number {
    return this.#failed;
  }

  /** How many messages the server does not have yet, those of earlier runs among them. */
  get pending(): number {
    return this.#pending.size;
  }

  get isOffline(): boolean {
    return this.#isOnline === false;
  }

  /** Whether everything was shown that was there at the beginning. */
  get isCaughtUp(): boolean {
    return this.#goals.size === 0;
  }

  /** Has a text sent, now or when there is a connection. */
  async send({ key, chat_id }: OpenChat, text: string): Promise<void> {
    await this.until(() => this.pending < MAX_PENDING);
    const client_id = randomUUID();
    const sender_id = this.#options.account.profile.user_id;
    const content = { kind: "text", text } as const;
    try {
      const encrypted = await encryptMessage(key, { chat_id, sender_id, content, client_id });
      const message = { ...encrypted, client_id };
      this.#pending.set(client_id, message);
      this.#client.handle({ type: "send", message });
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
      this.#client.stop();
      process.stdin.destroy();
      await this.#acting;
    }
  }

  async #act(heard: Heard): Promise<void> {
    const { reader, output } = this.#options;
    if (heard.type === "online" || heard.type === "offline") this.#note(heard);
    if (heard.type === "status") reader.showRead(heard.status);
    if (heard.type === "message") await this.#show(heard.message);
    if (heard.type === "cursor") this.#moveCursor(heard.chat_id, heard.seq);
    if (heard.type === "gap") this.#goals.delete(heard.chat_id);
    if (heard.type === "sent" || heard.type === "failed") {
      const message = this.#pending.get(heard.client_id);
      this.#pending.delete(heard.client_id);
      if (heard.type === "failed") this.#failed += 1;
      else if (message !== undefined) await reader.showSent(message, heard.seq);
    }
    const trouble = troubleOf(heard);
    if (trouble !== undefined) output.error(trouble.code, trouble.text);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }

  /** Every attempt in vain is another `offline`; the user is told of the first. */
  #note(notice: Extract<SessionNotice, { type: "online" | "offline" }>): void {
    const isOnline = notice.type === "online";
    if (!isOnline && !notice.retry) throw sessionEnded(notice.code);
    if (this.#isOnline === isOnline) return;
    this.#isOnline = isOnline;
    if (isOnline) this.#options.output.online();
    else this.#options.output.offline();
  }

  async #show(message: ChatMessage): Promise<void> {
    const { account, reader, incoming } = this.#options;
    const { chat_id, sender_id, seq } = message;
    if (incoming === "ignored") return;
    await reader.show(message);
    const isForUs = reader.has(chat_id) && sender_id !== account.profile.user_id;
    if (incoming !== "shown and read" || !isForUs || seq === undefined) return;
    this.#client.handle({ type: "mark", event_type: "read", chat_id, seq });
  }

  #moveCursor(chatId: number, seq: number): void {
    const { account, reader, incoming } = this.#options;
    if (incoming === "ignored" || !reader.has(chatId)) return;
    account.disk.moveCursor(chatId, seq);
    if (seq >= (this.#goals.get(chatId) ?? 0)) this.#goals.delete(chatId);
  }
}
