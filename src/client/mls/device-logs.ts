import { invalidArgument } from "../../arguments.js";
import { concat, equalConstantTime, isBytes } from "../../bytes.js";
import { unixNow } from "../../clock.js";
import { type DeviceLog, extendLog, readLog } from "../../mls/device-log.js";
import { DeviceLogError } from "../../mls/errors.js";
import type { HistoryPin } from "../../mls/history-types.js";
import { ENTRY_BYTES } from "../../mls/log-entry.js";
import { inOrder } from "../in-order.js";
import type { Background } from "./background.js";
import { decodeRecord, encodeRecord, keys } from "./records.js";
import type { MlsServer } from "./server.js";
import type { MlsStorage } from "./storage.js";
import type { MlsEvent } from "./types.js";

/** Maximum number of users of a chunk of pins (docs/PROTOCOL.md, A-17). */
const MAX_PINS = 1024;

interface LogRecord {
  readonly entries: Uint8Array;
  /** Head of the last entry. The entries up to it were verified before they were stored. */
  readonly head: Uint8Array;
  /** Whether the user said that the safety numbers are equal. */
  readonly isVerified: boolean;
  /** Whether the server has shown another log, or a reset, and the user has accepted no log since then. */
  readonly isDisputed: boolean;
}

type Known = Pick<LogRecord, "isVerified" | "isDisputed"> & { readonly log: DeviceLog };

/** The device logs of users, as this client has verified and stored them. */
export class DeviceLogs {
  readonly #ownId: number;
  readonly #storage: MlsStorage;
  readonly #server: MlsServer;
  readonly #emit: (event: MlsEvent) => void;
  readonly #background: Background;
  readonly #known = new Map<number, Known>();
  /** When a log was last fetched since the start, by user. Unix time in seconds. */
  readonly #fetchedAt = new Map<number, number>();
  /** The bases of the safety numbers that were shown since the start, by user. */
  readonly #compared = new Map<number, Uint8Array>();
  /** Changes logs one after another, each from what the one before has stored. */
  readonly #inOrder = inOrder();
  /** The fetch of a log that is in progress, by user. */
  readonly #fetching = new Map<number, Promise<DeviceLog | undefined>>();

  constructor(
    userId: number,
    storage: MlsStorage,
    server: MlsServer,
    emit: (event: MlsEvent) => void,
    background: Background,
  ) {
    this.#ownId = userId;
    this.#storage = storage;
    this.#server = server;
    this.#emit = emit;
    this.#background = background;
  }

  async load(): Promise<void> {
    for (const key of await this.#storage.keys("log/")) {
      const record = decodeRecord<LogRecord>((await this.#storage.get(key))!);
      const { entries, head, isVerified, isDisputed } = record;
      const user_id = Number(key.slice("log/".length));
      const seq = entries.length / ENTRY_BYTES;
      const all = Array.from({ length: seq }, (_, at) =>
        entries.slice(at * ENTRY_BYTES, (at + 1) * ENTRY_BYTES),
      );
      const log = readLog(all, { user_id, verified: { seq, head } });
      this.#known.set(user_id, { log, isVerified, isDisputed });
    }
  }

  get(userId: number): DeviceLog | undefined {
    return this.#known.get(userId)?.log;
  }

  /** Ids of the users whose log is disputed: the user has to decide whether the one of the server is right. */
  get disputed(): number[] {
    return [...this.#known].flatMap(([userId, { isDisputed }]) => (isDisputed ? [userId] : []));
  }

  isDisputed(userId: number): boolean {
    return this.#known.get(userId)?.isDisputed ?? false;
  }

  /** Returns the stored logs. */
  get all(): DeviceLog[] {
    return [...this.#known.values()].map(({ log }) => log);
  }

  /**
   * Fetches the new entries of a log, verifies and stores them.
   *
   * @returns The log. Undefined if the user has none.
   * @throws {DeviceLogError} if the server shows an invalid log, or another log than before.
   * @throws what the server and the storage throw.
   */
  fetch(userId: number): Promise<DeviceLog | undefined> {
    const running = this.#fetching.get(userId);
    if (running !== undefined) return running;
    const fetching = this.#fetch(userId).finally(() => this.#fetching.delete(userId));
    this.#fetching.set(userId, fetching);
    return fetching;
  }

  /** Fetches a log. Returns the stored one if that fails. @throws {DeviceLogError} if the server shows another log than before. */
  async latest(userId: number): Promise<DeviceLog | undefined> {
    try {
      return await this.fetch(userId);
    } catch (error) {
      const stored = this.get(userId);
      if ((error as { code?: unknown }).code === "ERR_DEVICE_LOG_FORK" || !stored) throw error;
      return stored;
    }
  }

  /** Fetches the logs of several users. */
  async fetchAll(userIds: Iterable<number>): Promise<void> {
    await Promise.all([...new Set(userIds)].map((userId) => this.fetch(userId)));
  }

  /** Fetches the logs of users that were fetched more than some seconds ago, or not since the start. */
  async fetchOld(userIds: Iterable<number>, seconds: number): Promise<void> {
    const since = unixNow() - seconds;
    await this.fetchAll([...userIds].filter((id) => (this.#fetchedAt.get(id) ?? 0) < since));
  }

  /** Stores that the log of a user has one more entry, of this device. */
  async add(userId: number, entry: Uint8Array): Promise<void> {
    await this.#inOrder(() => this.#store(userId, extendLog(this.get(userId), entry, userId)));
  }

  /**
   * Returns the log that the server has now, also if it does not continue the stored one. It is not stored.
   *
   * @throws {DeviceLogError} if it is invalid, or the user has none.
   */
  async read(userId: number): Promise<DeviceLog> {
    return readLog(await this.#server.entries(userId, 0), { user_id: userId });
  }

  /** Stores a log that the user has accepted, in place of the stored one. */
  async accept(log: DeviceLog): Promise<void> {
    const { user_id } = log;
    const decided = { isVerified: false, isDisputed: false };
    await this.#inOrder(() => this.#store(user_id, log, decided));
    this.#emit({ type: "accepted", user_id });
  }

  /** What this client knows of each log, of 1,024 users at most. */
  get pins(): HistoryPin[] {
    const all = [...this.#known.values()].slice(0, MAX_PINS);
    return all.map(({ log, isVerified, isDisputed }) => {
      // Up to a reset that the user has not accepted, so that a device that restores the pin disputes it too.
      const reset = isDisputed ? log.entries.findLast(({ op }) => op === "reset") : undefined;
      const { seq, head } = reset === undefined ? log : log.entries[reset.seq - 2]!;
      return { user_id: log.user_id, seq, head, isVerified };
    });
  }

  /**
   * Fetches the log of a user, and compares it with a pin from the history. A user who was verified is so with the same base.
   *
   * @throws {DeviceLogError} if the server shows an invalid log, or one that does not continue the pinned one.
   */
  async restorePin({ user_id, seq, head, isVerified }: HistoryPin): Promise<void> {
    const log = await this.fetch(user_id);
    const entries = log?.entries.map(({ bytes }) => bytes) ?? [];
    const pin = { seq, head };
    try {
      readLog(entries, { user_id, pin, verified: log && { seq: log.seq, head: log.head } });
    } catch (error) {
      const { code } = error as DeviceLogError;
      // The recovery key vouches for the own log, and its user cannot review it. A stolen device may have made up the pin.
      if (code === "ERR_DEVICE_LOG_FORK" && user_id !== this.#ownId) this.#dispute(user_id);
      throw error;
    }
    const { base } = readLog(entries.slice(0, seq), { user_id, verified: pin });
    await this.#inOrder(async () => {
      const now = this.get(user_id)!;
      if (this.#isResetByOther(now, seq)) {
        await this.#store(user_id, now, { isDisputed: true });
        this.#emit({ type: "log", log: now, before: seq });
      } else if (isVerified && equalConstantTime(base, now.base))
        await this.#store(user_id, now, { isVerified: true });
    });
  }

  /** Keeps of which log the user sees the safety number. */
  compared(log: DeviceLog): void {
    this.#compared.set(log.user_id, log.base);
  }

  /** Returns whether the user was verified, and the safety number is the same since then. */
  isVerified(userId: number): boolean {
    return this.#known.get(userId)?.isVerified ?? false;
  }

  async setVerified(userId: number, isVerified: boolean): Promise<void> {
    await this.#inOrder(async () => {
      const { log, isDisputed } = this.#known.get(userId)!;
      const base = this.#compared.get(userId) ?? log.base;
      if (isVerified && (isDisputed || !equalConstantTime(base, log.base)))
        throw invalidArgument(
          "user_id",
          "must be of a user whose safety number is as it was shown, and whose log is not disputed",
        );
      await this.#store(userId, log, { isVerified });
    });
  }

  async #fetch(userId: number): Promise<DeviceLog | undefined> {
    const entries = await this.#server.entries(userId, this.get(userId)?.seq ?? 0);
    return this.#inOrder(() => this.#extend(userId, entries));
  }

  async #extend(userId: number, entries: readonly Uint8Array[]): Promise<DeviceLog | undefined> {
    const before = this.get(userId);
    let log = before;
    try {
      for (const entry of entries) {
        if (!isBytes(entry)) throw new TypeError("MlsServer.entries must return bytes");
        log = extendLog(log, entry, userId);
      }
    } catch (error) {
      const isFork = error instanceof DeviceLogError && error.code === "ERR_DEVICE_LOG_FORK";
      if (!isFork) throw error;
      this.#dispute(userId);
      throw error;
    }
    this.#fetchedAt.set(userId, unixNow());
    if (log === undefined || log.seq === before?.seq) return log;
    const isReset = before !== undefined && this.#isResetByOther(log, before.seq);
    const isDisputed = this.isDisputed(userId) || isReset;
    await this.#store(userId, log, { isDisputed });
    this.#emit({ type: "log", log, before: before?.seq ?? 0 });
    return log;
  }

  /** Returns whether another user's log was reset after a seq. A device of the own user knows that, or is not in the log. */
  #isResetByOther({ user_id, entries }: DeviceLog, seq: number): boolean {
    return user_id !== this.#ownId && entries.slice(seq).some(({ op }) => op === "reset");
  }

  /** Stops the chats with a user at once, and stores that as soon as possible: the server may show the first log again. */
  #dispute(userId: number): void {
    const known = this.#known.get(userId)!;
    this.#known.set(userId, { ...known, isDisputed: true });
    this.#emit({ type: "fork", user_id: userId, chat_id: undefined });
    const store = () => this.#inOrder(() => this.#store(userId, this.get(userId)!));
    const report = (error: unknown) => this.#emit({ type: "error", chat_id: undefined, error });
    // It ends without success only when the chats are closed.
    this.#background.repeat(store, () => false, report).catch(() => {});
  }

  /** Returns whether a user who was verified stays so with a longer log (docs/PROTOCOL.md, A-11). */
  #isStillVerified(userId: number, { base }: DeviceLog): boolean {
    const known = this.#known.get(userId);
    return known?.isVerified === true && equalConstantTime(known.log.base, base);
  }

  async #store(
    userId: number,
    log: DeviceLog,
    changes: Partial<Pick<LogRecord, "isVerified" | "isDisputed">> = {},
  ): Promise<void> {
    const { isVerified = this.#isStillVerified(userId, log) } = changes;
    const { isDisputed = this.isDisputed(userId) } = changes;
    const entries = concat(...log.entries.map(({ bytes }) => bytes));
    const record: LogRecord = { entries, head: log.head, isVerified, isDisputed };
    await this.#storage.write([[keys.log(userId), encodeRecord(record)]]);
    this.#known.set(userId, { log, isVerified, isDisputed });
  }
}
