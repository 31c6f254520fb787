import type { ChatMessage } from "../../messages/chat.js";
import { MlsChat } from "../../mls/chat.js";
import type { DueCommit } from "../../mls/chat-types.js";
import type { Device } from "../../mls/device.js";
import { inOrder } from "../in-order.js";
import { ClosedError } from "./background.js";
import type { DeviceLogs } from "./device-logs.js";
import { decodeRecord, encodeRecord, keys } from "./records.js";
import type { MlsStorage, StoredChange } from "./storage.js";
import type { MlsChatInfo } from "./types.js";

/** What the client stores of a chat beside its state. */
interface ChatRecord {
  /** Ids of users that are still to be added and removed. */
  readonly add: readonly number[];
  readonly remove: readonly number[];
  /** The epoch in which this device last proposed to leave; -1 if the user does not leave. */
  readonly leavingIn: number;
  /** The proposal to leave, until the server has acknowledged it. */
  readonly proposal: ChatMessage | null;
  /** Whether the state cannot follow the group, or is older than what this device sent. */
  readonly mustRejoin: boolean;
  /** Whether the chat is stopped, because a member has committed under another device log than this device has. */
  readonly isStopped: boolean;
}

/** The record of a chat that the user does not leave. */
export const NOT_LEAVING = { leavingIn: -1, proposal: null } as const;

const NONE = { add: [], remove: [] } as const;

const NEW: ChatRecord = {
  add: [],
  remove: [],
  ...NOT_LEAVING,
  mustRejoin: false,
  isStopped: false,
};

/**
 * One MLS chat with its stored state. Steps run one after another: each begins from the chat that the one before stored, because
 * two steps from one state break it.
 */
export class KeptChat {
  readonly chat_id: number;
  readonly #device: Device;
  readonly #logs: DeviceLogs;
  readonly #inOrder = inOrder();
  /** Whether the storage has what this object has. A write that failed may have been made. */
  #isStored = true;
  #isEnded = false;
  /** Runs work that needs the server, one after another. Steps can come between its requests. */
  readonly work = inOrder();
  readonly #storage: MlsStorage;
  #chat: MlsChat | undefined;
  #record: ChatRecord = NEW;
  #signal = () => {};
  #changed = this.#nextChange();
  /**
   * Whether all that the server had was received since the start. Before that, the state may be from a backup, and nothing is
   * encrypted (docs/PROTOCOL.md, G-8).
   */
  isCaughtUp = false;
  /** When this device last joined by an external commit. Unix time in seconds. */
  rejoinedAt = 0;
  /** Why wanted changes were last dropped: they failed, or the server rejected them. */
  rejection: unknown;
  /** Number of commits of this device that the chat accepted since the start. */
  ownCommits = 0;
  /** Since when a commit is due that any device can make. Unix time in seconds. */
  #dueSince: number | undefined;

  constructor(chatId: number, storage: MlsStorage, device: Device, logs: DeviceLogs) {
    this.chat_id = chatId;
    this.#storage = storage;
    this.#device = device;
    this.#logs = logs;
  }

  async load(): Promise<void> {
    const record = await this.#storage.get(keys.chat(this.chat_id));
    const state = await this.#storage.get(keys.state(this.chat_id));
    this.#chat = state && (await MlsChat.load(this.#device, state));
    this.#record = record === undefined ? NEW : decodeRecord(record);
    this.#isStored = true;
  }

  /**
   * Runs a step after all earlier steps.
   *
   * @throws {ClosedError} after `end`.
   */
  run<Result>(step: () => Promise<Result>): Promise<Result> {
    return this.#inOrder(async () => {
      if (this.#isEnded) throw new ClosedError("this device was replaced by another one");
      if (!this.#isStored) await this.load();
      return step();
    });
  }

  /** Ends the use of the chat, because the device is replaced. Resolves when no step is running. */
  async end(): Promise<void> {
    this.#isEnded = true;
    this.signal();
    await this.#inOrder(async () => {});
  }

  get chat(): MlsChat | undefined {
    return this.#chat;
  }

  get record(): ChatRecord {
    return this.#record;
  }

  /** The chat, if this device may make something in it now. */
  get usable(): MlsChat | undefined {
    const isUsable = this.isCaughtUp && !this.#record.mustRejoin && !this.isStopped();
    return isUsable && this.#chat?.isActive ? this.#chat : undefined;
  }

  /**
   * Whether nothing is to be made in the chat: because of a commit under another device log, or because a member's log is disputed
   * or is not the one that the last commit named.
   *
   * @param leaving - Ids of members whose logs do not matter, because a commit removes them.
   */
  isStopped(leaving: readonly number[] = this.wanted().remove): boolean {
    if (this.#record.isStopped || this.#chat === undefined) return this.#record.isStopped;
    const staying = this.#chat.members.filter((id) => !leaving.includes(id));
    const logs = staying.flatMap((id) => this.#logs.get(id) ?? []);
    const forked = this.#chat.forked(logs);
    return staying.some((id) => this.#logs.isDisputed(id) || forked.includes(id));
  }

  /** Whether the device is to join again by an external commit. */
  get needsRejoin(): boolean {
    if (this.#record.isStopped) return false;
    const isLost = this.#record.mustRejoin || this.#chat?.needsRejoin;
    return this.#chat === undefined || this.isRemoved || isLost === true;
  }

  /** Whether this device was in the chat, and was removed. */
  get isRemoved(): boolean {
    return this.#chat !== undefined && !this.#chat.isActive && this.#chat.pending === undefined;
  }

  get info(): MlsChatInfo | undefined {
    const { chat, chat_id } = this;
    if (chat === undefined) return undefined;
    const { suite, members, roster, authenticator } = chat;
    const isActive = chat.isActive && !this.#record.mustRejoin && !this.isStopped([]);
    const epoch = Number(chat.epoch);
    return { chat_id, suite, epoch, members, roster, authenticator, isActive };
  }

  /** Returns the fields of the record for changes that are wanted, together with all that were wanted and are not made. */
  wanted(more: { readonly add: readonly number[]; readonly remove: readonly number[] } = NONE) {
    const { pending } = this.#chat ?? {};
    const all = [this.#record, pending ?? NONE, more];
    return {
      add: [...new Set(all.flatMap(({ add }) => add))],
      remove: [...new Set(all.flatMap(({ remove }) => remove))],
    };
  }

  /** Returns the seconds until a commit is to be made. */
  waitFor(due: DueCommit | undefined, now: number): number {
    if (due?.reason !== "roster") this.#dueSince = undefined;
    if (due === undefined) return Number.POSITIVE_INFINITY;
    if (due.reason === "update") return due.after;
    this.#dueSince ??= now;
    return this.#dueSince + due.after - now;
  }

  /** Stores the next chat, changes of the record, and other changes, in one transaction. Call it in a step. */
  async save(
    chat: MlsChat | undefined,
    fields: Partial<ChatRecord> = {},
    others: readonly StoredChange[] = [],
  ): Promise<void> {
    const record = { ...this.#record, ...fields };
    const changes: StoredChange[] = [...others];
    if (chat !== undefined && chat !== this.#chat)
      changes.push([keys.state(this.chat_id), chat.state]);
    if (Object.keys(fields).length > 0)
      changes.push([keys.chat(this.chat_id), encodeRecord(record)]);
    if (changes.length > 0) await this.#write(changes);
    if (chat !== undefined && chat !== this.#chat) {
      if (chat.epoch !== this.#chat?.epoch) this.#dueSince = undefined;
      chat.eraseConsumed();
      this.#chat = chat;
    }
    this.#record = record;
    this.signal();
  }

  /** Removes the chat from the storage. Call it in a step. */
  async remove(): Promise<void> {
    const { chat_id } = this;
    await this.#write([keys.state(chat_id), keys.chat(chat_id)].map((key) => [key, undefined]));
    this.#chat = undefined;
    this.#record = NEW;
    this.signal();
  }

  async #write(changes: readonly StoredChange[]): Promise<void> {
    this.#isStored = false;
    await this.#storage.write(changes);
    this.#isStored = true;
  }

  /** Resolves at the next change of the chat. */
  get changed(): Promise<void> {
    return this.#changed;
  }

  /** Settles `changed`. */
  signal(): void {
    this.#signal();
    this.#changed = this.#nextChange();
  }

  #nextChange(): Promise<void> {
    return new Promise((resolve) => {
      this.#signal = resolve;
    });
  }
}
