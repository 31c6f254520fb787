import { invalidArgument, objectArgument } from "../../arguments.js";
import type { ChatCipher } from "../../e2e/chat-cipher.js";
import type { NewContent } from "../../e2e/content.js";
import type { AnyContentDefinition } from "../../messages/define-content.js";
import type { Device } from "../../mls/device.js";
import type { DeviceLog, LoggedDevice } from "../../mls/device-log.js";
import type { RecoveryKey } from "../../mls/recovery-key.js";
import { safetyNumber } from "../../mls/safety-number.js";
import { idArgument } from "../options.js";
import { type Context, openContext, setContext } from "./context.js";
import type { KeptChat } from "./kept-chat.js";
import { reviewLog } from "./log-review.js";
import { Reader } from "./reader.js";
import { Roster } from "./roster.js";
import { StoredMessages } from "./stored-messages.js";
import { SyncLoop } from "./sync-loop.js";
import type * as types from "./types.js";
import { Writer } from "./writer.js";

/** Token that the constructor requires, so that callers use `open`. */
const FROM_OPEN = Symbol();

/**
 * The MLS chats of one device of a user: keeps the device, its key packages, the device logs of members and the states of the
 * chats in a storage, and does at the server what they need. Its ciphers make the messages of a `Client` (docs/client.md).
 *
 * ```ts
 * const mls = await MlsChats.open({ user_id, storage: memoryMlsStorage(), server: mlsServer });
 * const ciphers = { chats: (chatId: number) => mls.cipher(chatId) }; // an option of createClient
 * await mls.close();
 * ```
 */
export class MlsChats<Definition extends AnyContentDefinition = never> {
  readonly user_id: number;
  readonly #context: Context<Definition>;
  readonly #release: () => void | Promise<void>;
  readonly #writer: Writer<Definition>;
  readonly #reader: Reader<Definition>;
  readonly #roster: Roster<Definition>;
  readonly #messages: StoredMessages<Definition>;
  readonly #loop: SyncLoop;
  #closing: Promise<void> | undefined;

  private constructor(
    token: symbol,
    context: Context<Definition>,
    release: () => void | Promise<void>,
  ) {
    if (token !== FROM_OPEN) throw invalidArgument("options", "use MlsChats.open");
    this.user_id = context.user_id;
    this.#context = context;
    setContext(this, context);
    this.#release = release;
    this.#roster = new Roster(context);
    this.#messages = new StoredMessages(context);
    this.#writer = new Writer(context, this.#roster);
    this.#loop = new SyncLoop(context.background, context.emit, () => this.#roster.sync());
    const tend = (kept: KeptChat) => void this.#loop.scheduling(() => this.#roster.tend(kept));
    this.#reader = new Reader(context, { sync: () => this.sync(), tend });
  }

  /**
   * Waits until no other program uses the storage, and loads what it has. Makes no request.
   *
   * @throws {ValidationError} if an option is invalid.
   * @throws what the storage throws, and what `options.signal` aborts with.
   */
  static async open<const Definition extends AnyContentDefinition = never>(
    options: types.MlsChatsOptions<Definition>,
  ): Promise<MlsChats<Definition>> {
    const { context, release } = await openContext(options);
    return new MlsChats(FROM_OPEN, context, release);
  }

  /** Adds a listener for events, which is not awaited. Returns a function that removes it. */
  on(listener: (event: types.MlsEvent) => void): () => void {
    const { listeners } = this.#context;
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  /** This device. Undefined before `begin`, `link` and `recover`. */
  get device(): Device | undefined {
    return this.#context.own.device;
  }

  /** Whether this device is in the device log of its user, as it was last fetched. */
  get isLinked(): boolean {
    return this.#context.own.isLinked;
  }

  /**
   * Makes this the first device of an account that has none.
   *
   * @param show - Shows the recovery key to the user, once. It is awaited before anything is sent; if it rejects, nothing changes.
   * @throws {DeviceLogError} `ERR_DEVICE_LOG_INVALID` if the account has devices already.
   * @throws what `show`, the server and the storage throw.
   */
  async begin(show: (recoveryKey: RecoveryKey) => unknown): Promise<void> {
    await this.#context.own.begin(show);
  }

  /**
   * Makes this a device that another device of the account can add, for 10 minutes.
   *
   * @returns The text that the user enters at the other device. Call `sync` until `isLinked`.
   */
  link(): Promise<string> {
    return this.#context.own.link();
  }

  /**
   * Adds a device of the same user, by the text that its `link` returned. Show the device's id to the user before.
   *
   * @throws {KeyError} if the text is not that of a device, or this device is not linked.
   * @throws {DeviceLogError} `ERR_DEVICE_LOG_INVALID` if the new device did not ask to be added, or the log permits no other.
   */
  async addDevice(link: string): Promise<void> {
    await this.#context.own.add(link);
    void this.sync();
  }

  /** Removes a device of the same user from the account, and from all chats. */
  async removeDevice(id: string): Promise<void> {
    await this.#context.own.remove(id);
    void this.sync();
  }

  /**
   * Adds this device to the account by the recovery key, and removes lost devices.
   *
   * @param remove - Ids of the lost devices.
   */
  async recover(recoveryKey: RecoveryKey, remove: Iterable<string> = []): Promise<void> {
    await this.#context.own.recover(recoveryKey, [...remove]);
    void this.sync();
  }

  /**
   * Makes this the only device of an account whose devices and recovery key are all lost. Others see that, and write to this user again
   * when they have accepted it. Does nothing if this is a device of the account.
   *
   * @param show - Shows the new recovery key, as for `begin`. If the server then rejects the password, that key is void.
   * @throws what `show`, the server and the storage throw.
   */
  async reset(password: string, show: (recoveryKey: RecoveryKey) => unknown): Promise<void> {
    await this.#context.own.reset(password, show);
    void this.sync();
  }

  /**
   * Fetches the device log of a user. Returns the stored one if the server is unreachable; undefined if the user has none.
   *
   * @throws {DeviceLogError} if the server shows an invalid log, or another one than before.
   */
  async log(userId: number): Promise<DeviceLog | undefined> {
    return this.#context.logs.latest(idArgument(userId, "user_id"));
  }

  /** Returns the devices of a user, as their log was last fetched. */
  devicesOf(userId: number): LoggedDevice[] {
    return this.#context.logs.get(userId)?.devices ?? [];
  }

  /** Returns the safety number of this user and another one: 60 digits that both users see if the server is honest. */
  async safetyNumber(userId: number): Promise<string> {
    const [own, other] = await Promise.all([
      this.#requireLog(this.user_id),
      this.#requireLog(userId),
    ]);
    this.#context.logs.compared(other);
    return safetyNumber(own, other);
  }

  /** Whether the user said that the safety numbers are equal, and this one has not changed since then. */
  isVerified(userId: number): boolean {
    return this.#context.logs.isVerified(userId);
  }

  /**
   * Stores that the safety numbers were compared, and are equal. This ends when the safety number changes.
   *
   * @throws {ValidationError} if it is not the one that `safetyNumber` last returned.
   */
  async setVerified(userId: number, isVerified = true): Promise<void> {
    if (this.#context.logs.get(userId) === undefined) await this.#requireLog(userId);
    await this.#context.logs.setVerified(userId, isVerified);
  }

  /**
   * Ids of the users whose chats are stopped, because the server has shown another device log than before. Show that to the user,
   * who decides after a `review`, or removes them from the chats.
   */
  get disputed(): number[] {
    return this.#context.logs.disputed;
  }

  /**
   * Fetches the whole device log of another user, also if it does not continue the stored one, so that the user of this device can
   * compare its safety number and accept it.
   *
   * @throws {DeviceLogError} if the log is invalid, or the user has none.
   * @throws what the server throws.
   */
  async review(userId: number): Promise<types.LogReview> {
    return reviewLog(this.#context, idArgument(userId, "user_id"), async () => {
      await this.#roster.resume();
      void this.sync();
    });
  }

  /** The chats that this device has joined. */
  get chats(): types.MlsChatInfo[] {
    return [...this.#context.chats.values()].flatMap(({ info }) => info ?? []);
  }

  /** Returns a chat that this device has joined. */
  get(chatId: number): types.MlsChatInfo | undefined {
    return this.#context.chats.get(chatId)?.info;
  }

  /**
   * Makes the group of a chat that this user created at the server, and adds the devices of its members.
   *
   * @param options - `suite` 0xf00d or 1, as the chat was created; `add` has the ids of the other members.
   * @throws {DeviceLogError} `ERR_DEVICE_LOG_BEHIND` if a user has no device.
   * @throws {MlsChatError} `ERR_NOT_IN_GROUP` if this device is already in a group of the chat, which has other members.
   * @throws what the server and the storage throw. `sync` repeats a commit that was stored.
   */
  async create(
    chatId: number,
    options: { readonly suite: 1 | 0xf00d; readonly add: Iterable<number> },
  ): Promise<void> {
    const { suite, add } = objectArgument(options, "options");
    await this.#roster.create(idArgument(chatId, "chat_id"), suite, add);
  }

  /**
   * Adds and removes members. Without changes, replaces the keys of this device.
   *
   * @throws {MlsChatError} `ERR_NOT_IN_GROUP` if this device cannot change the chat.
   * @throws what the server throws if it rejects the commit. A commit that another one preceded is made again.
   */
  async commit(
    chatId: number,
    changes: { readonly add?: Iterable<number>; readonly remove?: Iterable<number> } = {},
  ): Promise<void> {
    const { add = [], remove = [] } = objectArgument(changes, "changes");
    await this.#roster.change(this.#requireChat(chatId), add, remove);
  }

  /** Asks the other members to remove this user from the chat. It ends when one of their devices has done so. */
  async leave(chatId: number): Promise<void> {
    await this.#roster.leave(this.#requireChat(chatId));
  }

  /**
   * Returns the cipher of a chat for the option `chats` of `createClient`. Its `encrypt` stores the content, and waits until the
   * client has received what the server has, and until a commit that must come first is made. Its `decrypt` returns each message
   * once it is stored, and again from the storage.
   */
  cipher(chatId: number): ChatCipher<NewContent<Definition>, types.MlsMessage<Definition>> {
    idArgument(chatId, "chat_id");
    return {
      encrypt: (message) => this.#writer.encrypt(message),
      decrypt: (message) => this.#reader.read(message),
    };
  }

  /** Returns the contents that were passed to `encrypt` and have no seq yet, in the order in which they were written. */
  unsent(): Promise<types.UnsentContent<Definition>[]> {
    return this.#messages.unsent();
  }

  /** Forgets a content of `unsent` that the server has rejected for good. */
  discard(clientId: string): Promise<void> {
    return this.#messages.discard(clientId);
  }

  /**
   * Tells that the client has received all messages that the server has of a chat. Before that, after each start, nothing is
   * encrypted: the storage may be a restored backup, whose keys were used already. `connectMls` calls it.
   */
  caughtUp(chatId: number): void {
    const chat = this.#context.chats.get(chatId);
    if (chat?.chat === undefined || chat.isCaughtUp) return;
    chat.isCaughtUp = true;
    chat.signal();
    void this.sync();
  }

  /** Resolves when a chat is in an epoch or a later one. */
  async untilEpoch(chatId: number, epoch: number): Promise<void> {
    const kept = this.#requireChat(chatId);
    for (let changed = kept.changed; kept.chat!.epoch < epoch; changed = kept.changed)
      await this.#context.background.until(changed);
  }

  /** Fetches the device log of a user, after the notice that it has grown, and does what follows from it in the chats. */
  async refreshLog(userId: number): Promise<void> {
    // The server could name any user. A log that is needed is fetched when it is.
    if (userId !== this.user_id && this.#context.logs.get(userId) === undefined) return;
    try {
      await this.#context.logs.fetch(userId);
    } catch (error) {
      this.#context.emit({ type: "error", chat_id: undefined, error });
    }
    await this.sync();
  }

  /** Removes the messages after a seq, which the server has lost. */
  rewind(chatId: number, lastSeq: number): Promise<void> {
    return this.#messages.rewind(idArgument(chatId, "chat_id"), lastSeq);
  }

  /** Removes the messages of a chat that the server stored up to `until`, Unix time in seconds. */
  expire(chatId: number, until: number): Promise<void> {
    return this.#messages.expire(idArgument(chatId, "chat_id"), until);
  }

  /**
   * Does at the server what is to be done: fetches the own device log, publishes key packages, joins chats, and sends commits.
   * `connectMls` calls it after each connection. Failures are events, and are repeated.
   */
  sync(): Promise<void> {
    return this.#loop.run();
  }

  /** Ends all work, then the use of the storage. Until `others` settles, `encrypt` still stores contents. See `connectMls`. */
  close(others?: Promise<unknown>): Promise<void> {
    this.#closing ??= this.#context.background.end(others).then(this.#release);
    return this.#closing;
  }

  async #requireLog(userId: number): Promise<DeviceLog> {
    const log = await this.log(userId);
    if (log !== undefined) return log;
    throw invalidArgument("user_id", "must be of a user that has a device");
  }

  #requireChat(chatId: number): KeptChat {
    const chat = this.#context.chats.get(idArgument(chatId, "chat_id"));
    if (chat?.chat !== undefined) return chat;
    throw invalidArgument("chat_id", "must be of a chat that this device has joined");
  }
}
