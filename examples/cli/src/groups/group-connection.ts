import { setTimeout as sleep } from "node:timers/promises";
import { LacreError } from "lacre";
import { createClient } from "lacre/client";
import { connectMls, MLS_CAPABILITIES, type MlsEvent } from "lacre/client/mls";
import { fileStorage } from "lacre/client/node";
import {
  LoginEndedError,
  NotLoggedInError,
  socketAddress,
  UserChangedError,
  whyEnded,
} from "lacre-client";
import {
  type GroupClient,
  type GroupContent,
  type GroupMessage,
  titleToSend,
} from "lacre-client/groups";
import { NodeWebSocket } from "lacre-client/node";
import { CommandError } from "../command-error.js";
import type { GroupOutput } from "./group-output.js";
import type { MlsSession } from "./mls-session.js";

/** Maximum time to wait until the groups are as the server has them, in milliseconds. */
const SETTLE_TIMEOUT = 15_000;
const CLOSE_TIMEOUT = 2000;
/** Maximum time to wait until texts of earlier runs are sent, in milliseconds. */
const EARLIER_TIMEOUT = 5000;
/** How often to look whether texts were sent, in milliseconds. */
const POLL_INTERVAL = 50;

export interface GroupConnectionOptions {
  readonly session: MlsSession;
  readonly output: GroupOutput;
  /** Called for each message that the client reports, of all groups. `isSent`: this program or an earlier run of it sent the message. */
  readonly onMessage?: (message: GroupMessage, isSent: boolean) => Promise<void>;
}

/** Connects a command to the MLS chats of an account. */
export class GroupConnection {
  readonly client: GroupClient;
  readonly #options: GroupConnectionOptions;
  readonly #stop: () => Promise<void>;
  /** The groups whose earlier messages were not all received. */
  readonly #behind = new Set<number>();
  /** The groups that the server does not list, because the user was removed from them. */
  readonly #gone = new Set<number>();
  /** Contents that are being stored or encrypted, with the ids of their groups. */
  readonly #writing = new Map<Promise<void>, number>();
  #isOnline: boolean | undefined;
  #isSynced = false;
  #failed = 0;
  #waiting: (() => void)[] = [];
  #end: (reason: unknown) => void = () => {};
  readonly #ended = new Promise<never>((_, reject) => {
    this.#end = reject;
  });

  constructor(options: GroupConnectionOptions) {
    this.#options = options;
    const { account, mls, folder } = options.session;
    this.#ended.catch(() => {});
    for (const { chat_id, isActive } of mls.chats) if (isActive) this.#behind.add(chat_id);
    const { user_id, session_key } = account.login;
    this.client = createClient({
      ...{ user_id, session_key, capabilities: MLS_CAPABILITIES, storage: fileStorage(folder) },
      chats: (chatId) => mls.cipher(chatId),
      url: () => socketAddress(account.api),
      WebSocket: NodeWebSocket,
    });
    mls.on((event) => this.#onMlsEvent(event));
    this.#listen();
    this.#stop = connectMls(this.client, mls);
  }

  /** Number of texts that were rejected. */
  get failed(): number {
    return this.#failed;
  }

  get isOffline(): boolean {
    return this.#isOnline === false;
  }

  /** Resolves when the groups are as the server has them, or when it cannot be reached. */
  async settle(): Promise<void> {
    await this.until(() => this.#isSettled || this.isOffline, SETTLE_TIMEOUT);
    await this.shareTitles();
  }

  /** Waits until a condition holds, or a time in milliseconds has passed. Returns whether it holds. */
  async until(condition: () => boolean, timeout: number): Promise<boolean> {
    const late = sleep(timeout, "late", { ref: false });
    while (!condition()) {
      const event = new Promise<void>((resume) => this.#waiting.push(resume));
      if ((await Promise.race([event, late])) === "late") return condition();
    }
    return true;
  }

  /** Waits until texts of earlier runs are sent, so that they come first. Does not wait for a server that cannot be reached. */
  async untilEarlierSent(): Promise<void> {
    await this.untilSent(EARLIER_TIMEOUT, true);
  }

  /** Stores a content and sends it, now or when there is a connection. Shows an error if it cannot be sent. */
  send(chatId: number, content: GroupContent): void {
    const sending = this.client.send(chatId, content).then(
      () => {},
      async (error: unknown) => {
        // A content that waits when the chats are closed is stored, and the next run sends it.
        if (!(error instanceof LacreError)) return;
        this.#failed += 1;
        await this.#options.output.error(`not sent: ${this.#reasonOf(error)}`, error.code);
      },
    );
    this.#writing.set(sending, chatId);
    void sending.finally(() => this.#writing.delete(sending));
  }

  /** Sends the names of groups to members who do not have them. */
  async shareTitles(): Promise<void> {
    const { book, mls } = this.#options.session;
    for (const { chat_id } of mls.chats) {
      if (this.#behind.has(chat_id)) continue;
      const title = await titleToSend(mls, chat_id, book.get(chat_id));
      if (title !== undefined) this.send(chat_id, { kind: "title", title });
    }
  }

  /** Returns the number of texts that the server has not acknowledged. */
  async countUnsent(): Promise<number> {
    const unsent = await this.#unsent();
    return unsent.filter(({ content }) => content.kind === "text").length;
  }

  /** Whether the user was removed from a group, by what the server lists. */
  isGone(chatId: number): boolean {
    return this.#gone.has(chatId);
  }

  /**
   * Removes unsent texts of a group from which the user was removed, so that they are not sent if the user is added again.
   *
   * @throws {CommandError} if the user was removed.
   */
  async assertMember(chatId: number): Promise<void> {
    if (!this.isGone(chatId)) return;
    const { mls, book } = this.#options.session;
    for (const { chat_id, client_id, content } of await mls.unsent()) {
      if (chat_id !== chatId) continue;
      await mls.discard(client_id);
      if (content.kind === "text") await this.#showDiscarded(content.text, "ERR_FORBIDDEN");
    }
    const name = book.nameOf(chatId);
    throw new CommandError(`you are no longer in the group ${name}, as the server says`);
  }

  /** Waits until all is sent, or nothing was sent for `timeout` milliseconds. Returns whether all is sent. */
  async untilSent(timeout: number, isOnlineOnly = false): Promise<boolean> {
    let left = Number.POSITIVE_INFINITY;
    for (let since = Date.now(); ; await sleep(POLL_INTERVAL)) {
      const count = (await this.#unsent()).length;
      // A rejected text is removed when its error was handled.
      if (count === 0 && (!this.#isWriting || this.isOffline)) return true;
      if (count < left) [left, since] = [count, Date.now()];
      if (Date.now() - since > timeout || (isOnlineOnly && this.isOffline)) return false;
    }
  }

  /** Runs `work` until it resolves or the connection ends for good, then closes it. */
  async during<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await Promise.race([work(), this.#ended]);
    } finally {
      const { history } = this.#options.session;
      // If it fails or takes too long, a later command writes what is missing.
      if (history.isOn && !this.isOffline)
        await Promise.race([
          history.write().catch(() => {}),
          sleep(CLOSE_TIMEOUT, undefined, { ref: false }),
        ]);
      const late = sleep(CLOSE_TIMEOUT, undefined, { ref: false });
      const writing = [...this.#writing.keys()];
      await Promise.race([this.#stop().then(() => Promise.all(writing)), late]);
    }
  }

  #showDiscarded(text: string, code: string): Promise<void> {
    return this.#options.output.error(`not sent, and not kept: ${text}`, code);
  }

  #reasonOf({ code, message }: LacreError): string {
    const { mls, book } = this.#options.session;
    const names = mls.disputed.map((id) => book.userName(id));
    if (code !== "ERR_NOT_IN_GROUP" || names.length === 0) return message;
    return `the devices of ${names.join(", ")} were replaced: run lacre-chat verify ${names[0]} --accept, or remove the user`;
  }

  /** Contents of groups in which the user is no more are not sent, and not waited for. */
  async #unsent() {
    const unsent = await this.#options.session.mls.unsent();
    return unsent.filter(({ chat_id }) => !this.#gone.has(chat_id));
  }

  get #isWriting(): boolean {
    return [...this.#writing.values()].some((chatId) => !this.#gone.has(chatId));
  }

  get #isSettled(): boolean {
    return this.#isOnline === true && this.#isSynced && this.#behind.size === 0;
  }

  #listen(): void {
    const { client } = this;
    const { session, output, onMessage } = this.#options;
    const receive = async (message: GroupMessage, isSent: boolean) => {
      session.book.note(message);
      await onMessage?.(message, isSent);
      this.#wake();
    };
    const catchUp = ({ chat_id }: { readonly chat_id: number }) => {
      this.#behind.delete(chat_id);
      this.#wake();
    };
    client.on("message", ({ message }) => receive(message, false));
    client.on("sent", ({ message }) => receive(message, true));
    client.on("failed", async ({ message: { content }, error_code, error_message }) => {
      // The text is encrypted again for the present epoch.
      if (error_code === "ERR_EPOCH_STALE") return;
      this.#failed += 1;
      await output.error(`not sent: ${error_message}`, error_code);
      if (content?.kind === "content" && content.content.kind === "text")
        await this.#showDiscarded(content.content.text, error_code);
      this.#wake();
    });
    client.on("caught_up", catchUp);
    client.on("gap", catchUp);
    client.on("online", async () => {
      this.#isOnline = true;
      void this.#sync();
      await output.connection(true);
    });
    client.on("offline", async ({ code, retry, error }) => {
      this.#isOnline = false;
      const isOver = error instanceof LoginEndedError || error instanceof NotLoggedInError;
      if (isOver) this.#end(error);
      else if (!retry) this.#end(whyEnded(code));
      this.#wake();
      await output.connection(false);
    });
    client.on("stopped", ({ error }) => {
      if (error !== undefined) this.#end(error);
    });
  }

  async #sync(): Promise<void> {
    const { account, mls, book } = this.#options.session;
    try {
      const chats = await account.api.listChats({ mls: true });
      for (const { members = [] } of chats) book.addUsers(members);
      const listed = new Set(chats.map(({ chat_id }) => chat_id));
      for (const { chat_id } of mls.chats) {
        if (listed.has(chat_id)) this.#gone.delete(chat_id);
        else {
          this.#gone.add(chat_id);
          this.#behind.delete(chat_id);
        }
      }
    } catch (error) {
      if (error instanceof UserChangedError) this.#end(error);
      // Without the list, users are shown by their ids.
    }
    await mls.sync();
    if (!mls.isLinked && mls.device !== undefined)
      this.#end(
        new CommandError(
          "this device is not one of your account any more: run lacre-chat link to add it as a new one. If you did " +
            "not remove it, nor begin again with another one, another person has your password or a device of yours",
        ),
      );
    this.#isSynced = true;
    this.#wake();
  }

  #onMlsEvent(event: MlsEvent): void {
    const { session, output } = this.#options;
    if (event.type === "joined" && !session.book.has(event.chat_id)) {
      session.book.change(event.chat_id, {});
      this.#behind.add(event.chat_id);
    }
    if (event.type === "fork" && event.chat_id === undefined) {
      const name = session.book.userName(event.user_id);
      this.#end(
        new CommandError(
          `the server shows two different lists of the devices of ${name}: the groups with ${name} are stopped. Talk to ` +
            `${name} over another channel, then run lacre-chat verify ${name} --accept`,
        ),
      );
    }
    void output.mlsEvent(event, session.book).catch((error: unknown) => this.#end(error));
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }
}
