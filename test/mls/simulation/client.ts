import { LacreError } from "../../../src/errors.js";
import type { ChatMessage } from "../../../src/messages/chat.js";
import {
  type CommitStep,
  type Device,
  type DeviceLog,
  DeviceLogError,
  extendLog,
  MlsChat,
  MlsChatError,
  type RosterChange,
} from "../../../src/mls/index.js";
import { text as textOf } from "../../support/mls-chat.js";
import type { Random } from "../../support/random.js";
import { type Disk, emptyChat, emptyDisk, type StoredChat } from "./disk.js";
import { effectOf } from "./effects.js";
import type { ModelServer, Stored } from "./model-server.js";

/** Thrown where a client crashes. */
class CrashError extends Error {}

/** What a client needs of the simulation. */
export interface Surroundings {
  readonly server: ModelServer;
  readonly random: Random;
  readonly suite: 1 | 0xf00d;
  /** Unix time in seconds. */
  readonly now: number;
  newId(): string;
  /** Called with a text that a client encrypted, before it is stored. */
  wrote(client: Client, chat: MlsChat, text: string, message: ChatMessage): void;
  /** Called with a commit that a client made, before it is stored. */
  committed(client: Client, step: CommitStep): void;
  /** Called with a commit that a client applied. */
  changed(chat: MlsChat, change: RosterChange): Promise<void>;
}

/** How a request fares: it arrives and is answered, it is lost, or its answer is. */
export type Fate = "ok" | "lost" | "unanswered";

/** A client as docs/PROTOCOL.md, section 14, describes it: it stores each step before it sends what the step made. */
export class Client {
  readonly device: Device;
  disk: Disk = emptyDisk;
  /** Number of points of storing or sending after which the client crashes. */
  crashIn = Number.POSITIVE_INFINITY;
  isAway = false;
  /** Whether the device is lost for ever. */
  isGone = false;
  /** Whether it ever lost its state, or a part of it, or joined a chat again. */
  wasReset = false;
  /** Requests that the network lost. It may deliver them late. */
  readonly lost: (() => unknown)[] = [];
  readonly #world: Surroundings;
  /** Chats in memory. */
  readonly #chats = new Map<number, MlsChat>();
  /** Chats that the client received to their end since it started. Before that it does not encrypt. */
  readonly #caughtUp = new Set<number>();

  constructor(device: Device, world: Surroundings) {
    this.device = device;
    this.#world = world;
  }

  get user_id(): number {
    return this.device.user_id;
  }

  get id(): string {
    return this.device.id;
  }

  /** Whether the device is in its user's log, and not lost. */
  get isOnline(): boolean {
    return !this.isAway && !this.isGone && this.#world.server.isDevice(this);
  }

  /** Does some work, and starts again if the client crashes. */
  async run(work: () => Promise<void>): Promise<void> {
    if (!this.isOnline) return;
    try {
      await work();
    } catch (error) {
      if (!(error instanceof CrashError)) throw error;
      this.restart();
    }
  }

  /** Starts again. With another disk than its own, it lost what it stored, or stored since a backup. */
  restart(disk = this.disk): void {
    if (disk !== this.disk) this.wasReset = true;
    this.disk = disk;
    this.crashIn = Number.POSITIVE_INFINITY;
    this.#chats.clear();
    this.#caughtUp.clear();
  }

  #point(): void {
    this.crashIn -= 1;
    if (this.crashIn < 0) throw new CrashError();
  }

  #store(changes: Partial<Disk>): void {
    this.#point();
    this.disk = { ...this.disk, ...changes };
    this.#point();
  }

  stored(chat_id: number): StoredChat {
    return this.disk.chats.get(chat_id) ?? emptyChat;
  }

  /** Stores changes of a chat in one transaction, with other changes. */
  #save(
    chat_id: number,
    chat: MlsChat | undefined,
    fields: Partial<StoredChat>,
    rest: Partial<Disk> = {},
  ) {
    const state = chat?.state ?? this.stored(chat_id).state;
    const next = { ...this.stored(chat_id), state, ...fields };
    this.#store({ chats: new Map(this.disk.chats).set(chat_id, next), ...rest });
    if (chat === undefined) return;
    chat.eraseConsumed();
    this.#chats.set(chat_id, chat);
  }

  /** Returns a chat from memory, or as it is stored. */
  async chat(chat_id: number): Promise<MlsChat | undefined> {
    const { state } = this.stored(chat_id);
    if (state === undefined) return undefined;
    const chat = this.#chats.get(chat_id) ?? (await MlsChat.load(this.device, state));
    this.#chats.set(chat_id, chat);
    return chat;
  }

  #identity() {
    return { client_id: this.#world.newId(), timestamp: this.#world.now };
  }

  #owning(client_id: string): ReadonlySet<string> {
    return new Set([...this.disk.own, client_id]);
  }

  /** Returns the chat if the client may make something in it. */
  async #usable(chat_id: number): Promise<MlsChat | undefined> {
    const { mustRejoin, stopped } = this.stored(chat_id);
    const chat = await this.chat(chat_id);
    const isUsable = stopped === undefined && !mustRejoin && this.#caughtUp.has(chat_id);
    return isUsable && chat?.isActive ? chat : undefined;
  }

  /** Encrypts a text. Returns undefined if a commit must come first. */
  #encrypt(chat: MlsChat, text: string, identity: { client_id: string; timestamp: number }) {
    return chat.encrypt({ content: textOf(text), ...identity }).catch((error: unknown) => {
      if (error instanceof MlsChatError && error.code === "ERR_COMMIT_PENDING") return undefined;
      throw error;
    });
  }

  async createChat(chat_id: number, add: readonly number[]): Promise<void> {
    const { server, suite } = this.#world;
    server.createChat(chat_id, this.user_id);
    const logs = this.#fetchLogs([this.user_id, ...add]);
    const keyPackages = server.claim(this, [this.user_id, ...add]);
    const options = { chat_id, suite, add, keyPackages, logs, ...this.#identity() };
    this.#commit(chat_id, await MlsChat.create(this.device, options));
    this.#caughtUp.add(chat_id);
  }

  async write(chat_id: number, text: string): Promise<void> {
    const chat = await this.#usable(chat_id);
    if (chat === undefined) return;
    const identity = this.#identity();
    const sent = await this.#encrypt(chat, text, identity);
    if (sent === undefined) return;
    const outgoing = { message: sent.message, text, isStale: false };
    const own = this.#owning(identity.client_id);
    this.#world.wrote(this, chat, text, sent.message);
    this.#save(chat_id, sent.chat, {}, { own, outbox: [...this.disk.outbox, outgoing] });
  }

  async leave(chat_id: number): Promise<void> {
    const chat = await this.#usable(chat_id);
    if (chat === undefined || chat.pending !== undefined) return;
    const step = await chat.leave(this.#identity());
    const outgoing = { message: step.message, text: undefined, isStale: false };
    const own = this.#owning(step.message.client_id!);
    const outbox = [...this.disk.outbox, outgoing];
    this.#save(chat_id, step.chat, { leavingIn: chat.epoch }, { own, outbox });
  }

  /** Commits what is to be changed. An update if `isUpdate`, otherwise only if anything is due. */
  async commit(chat_id: number, isUpdate: boolean, users: { add?: number; remove?: number } = {}) {
    let chat = await this.#usable(chat_id);
    if (chat === undefined || chat.pending !== undefined) return;
    const { add, remove } = users;
    const stored = this.stored(chat_id);
    const wanted = {
      add: [...stored.add, ...(add === undefined ? [] : [add])],
      remove: [...stored.remove, ...(remove === undefined ? [] : [remove])],
    };
    const logs = this.#fetchLogs([...new Set([...chat.members, ...wanted.add])]);
    const { now, server } = this.#world;
    const due = chat.due({ logs, now });
    const isDue = due?.reason === "roster" || due?.after === 0 || chat.missing(logs).length > 0;
    const isNeeded = stored.leavingIn !== undefined || isDue;
    if (!isUpdate && !isNeeded && wanted.add.length + wanted.remove.length === 0) return;
    if (stored.leavingIn !== undefined && chat.epoch > stored.leavingIn) return this.leave(chat_id);
    const isLeaving = stored.leavingIn !== undefined || due === undefined;
    if (isLeaving || wanted.remove.includes(this.user_id)) return;
    const users_ = [...chat.members, ...wanted.add];
    const keyPackages = isUpdate && !isDue ? [] : server.claim(this, users_);
    const step = await chat
      .commit({ ...wanted, keyPackages, logs, ...this.#identity() })
      .catch(this.#behind);
    chat = step?.chat;
    if (step !== undefined) this.#commit(chat_id, step, { add: [], remove: [] });
  }

  #behind = (error: unknown) => {
    if (error instanceof LacreError) return undefined;
    throw error;
  };

  #commit(chat_id: number, step: CommitStep, fields: Partial<StoredChat> = {}): void {
    const own = this.#owning(step.request.message.client_id!);
    this.#world.committed(this, step);
    this.#save(chat_id, step.chat, fields, { own });
  }

  /** Joins by an invitation, or by an external commit. */
  async join(chat_id: number): Promise<void> {
    const { server } = this.#world;
    if (!server.mayRead(this, chat_id) || this.stored(chat_id).stopped) return;
    const chat = await this.chat(chat_id);
    const { mustRejoin } = this.stored(chat_id);
    if (chat !== undefined && !chat.needsRejoin && !mustRejoin && (chat.isActive || chat.pending)) {
      return server.deleteInvitations(this, chat_id);
    }
    if (chat !== undefined) this.wasReset = true;
    this.#fetchLogs([this.user_id]);
    if (await this.#joinByInvitation(chat_id)) return;
    const group_info = server.groupInfo(this, chat_id);
    if (group_info === undefined) return;
    const options = { chat_id, group_info, ...this.#identity() };
    const step = await this.#withLogs((logs) =>
      MlsChat.rejoin(this.device, { ...options, logs }, chat),
    );
    if (step !== undefined) this.#commit(chat_id, step, { mustRejoin: false });
  }

  async #joinByInvitation(chat_id: number): Promise<boolean> {
    const { server, now } = this.#world;
    const invitation = server.invitationsFor(this).findLast((one) => one.chat_id === chat_id);
    if (invitation === undefined) return false;
    const { keeps: keep } = this.disk;
    const joined = await this.#withLogs((logs) =>
      MlsChat.join(this.device, { chat_id, content: invitation.content, keep, logs, now }),
    );
    if (joined !== undefined) {
      const keeps = keep.filter((_, at) => at === 0 || at !== joined.used);
      this.#save(chat_id, joined.chat, { mustRejoin: false }, { keeps });
    }
    server.deleteInvitations(this, chat_id);
    return joined !== undefined;
  }

  /** Does a step with the stored logs, and again with those that it needs. Returns undefined if it is rejected. */
  async #withLogs<T>(step: (logs: DeviceLog[]) => Promise<T>): Promise<T | undefined> {
    for (let attempt = 0; attempt < 3; attempt++) {
      try {
        return await step([...this.disk.logs.values()]);
      } catch (error) {
        if (!(error instanceof LacreError)) throw error;
        const isBehind = error.code === "ERR_DEVICE_LOG_BEHIND" && error instanceof DeviceLogError;
        if (!isBehind) return undefined;
        this.#fetchLogs((error as DeviceLogError).user_ids);
      }
    }
    return undefined;
  }

  /** Fetches logs, and stores them if they continue the stored ones. Returns all stored logs. */
  #fetchLogs(user_ids: readonly number[]): DeviceLog[] {
    const logs = new Map(this.disk.logs);
    for (const user_id of user_ids) {
      try {
        for (const entry of this.#world.server.entries(this, user_id)) {
          logs.set(user_id, extendLog(logs.get(user_id), entry, user_id));
        }
      } catch (error) {
        if (!(error instanceof DeviceLogError)) throw error;
      }
    }
    this.#store({ logs });
    return [...logs.values()];
  }

  /** Receives at most `count` messages of a chat. */
  async receive(chat_id: number, count = Number.POSITIVE_INFINITY): Promise<void> {
    await this.join(chat_id);
    if ((await this.chat(chat_id)) === undefined || this.stored(chat_id).stopped) return;
    const fetched = this.#world.server.fetch(this, chat_id, this.stored(chat_id).cursor);
    for (const one of fetched.slice(0, count)) await this.#receiveOne(chat_id, one);
    if (fetched.length <= count) this.#caughtUp.add(chat_id);
  }

  async #receiveOne(chat_id: number, { seq, message }: Stored): Promise<void> {
    this.#point();
    const { stopped } = this.stored(chat_id);
    const before = (await this.chat(chat_id))!;
    if (stopped !== undefined) return;
    let { chat, event } = await before.receive(message, this.disk.logs.values());
    if (event.kind === "log_needed") {
      this.#fetchLogs(event.user_ids);
      ({ chat, event } = await chat.receive(message, this.disk.logs.values()));
    }
    const { fields, rest } = effectOf(this.disk, before, { seq, message }, event);
    if (event.kind === "roster") await this.#world.changed(chat, event);
    this.#save(chat_id, chat, { cursor: seq, ...fields }, rest);
  }

  /** Sends what waits: the outbox and the pending commit. */
  async send(chat_id: number, fateOf: () => Fate): Promise<void> {
    await this.#encryptStale(chat_id);
    const { server } = this.#world;
    const mine = this.disk.outbox.filter((one) => one.message.chat_id === chat_id && !one.isStale);
    for (const { message, text } of mine) {
      const answer = this.#request(fateOf(), () => server.post(this, message));
      if (answer === undefined) return;
      this.#point();
      const others = this.disk.outbox.filter((one) => one.message.client_id !== message.client_id);
      if ("seq" in answer || text === undefined) {
        this.#store({ outbox: others });
      } else if (answer.error === "ERR_EPOCH_STALE") {
        this.#store({ outbox: [...others, { message, text, isStale: true }] });
      } else {
        this.#store({ outbox: others, failed: [...this.disk.failed, message.client_id!] });
      }
    }
    const chat = await this.chat(chat_id);
    const request = chat?.pending;
    if (chat === undefined || request === undefined) return;
    const answer = this.#request(fateOf(), () => server.commit(this, request));
    if (answer === undefined) return;
    this.#point();
    if ("seq" in answer) {
      this.#save(chat_id, chat.accept().chat, {});
    } else if (answer.error === "ERR_FORBIDDEN") {
      this.#save(chat_id, chat.withdraw(), {});
    }
  }

  #request<T>(fate: Fate, send: () => T): T | undefined {
    this.#point();
    if (fate === "lost") {
      this.lost.push(send);
      return undefined;
    }
    const answer = send();
    this.#point();
    return fate === "ok" ? answer : undefined;
  }

  /** Encrypts texts again that the server rejected for their epoch, under their client ids. */
  async #encryptStale(chat_id: number): Promise<void> {
    for (const { message, text, isStale } of this.disk.outbox) {
      if (!isStale || message.chat_id !== chat_id) continue;
      if (!this.#world.server.mayRead(this, chat_id)) {
        // The server rejects all texts of a user who is no longer a member.
        const outbox = this.disk.outbox.filter((one) => one.message !== message);
        this.#store({ outbox, failed: [...this.disk.failed, message.client_id!] });
        continue;
      }
      const chat = await this.#usable(chat_id);
      if (chat === undefined) return;
      const { client_id, timestamp } = message;
      const sent = await this.#encrypt(chat, text!, { client_id: client_id!, timestamp });
      if (sent === undefined) return;
      const outbox = this.disk.outbox.map((one) =>
        one.message.client_id === client_id
          ? { ...one, message: sent.message, isStale: false }
          : one,
      );
      this.#world.wrote(this, chat, text!, sent.message);
      this.#save(chat_id, sent.chat, {}, { outbox });
    }
  }
}
