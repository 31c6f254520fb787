import { equalConstantTime } from "../../bytes.js";
import { unixNow } from "../../clock.js";
import { KeyError } from "../../errors.js";
import type { AnyContentDefinition } from "../../messages/define-content.js";
import type { DeviceLog } from "../../mls/device-log.js";
import { DeviceLogError, HistoryError } from "../../mls/errors.js";
import { decryptHistory } from "../../mls/history-chunk.js";
import {
  type HistoryKey,
  historyKeyId,
  makeHistoryKey,
  readHistoryKey,
} from "../../mls/history-key.js";
import { HISTORY_KEY_BYTES } from "../../mls/history-layout.js";
import type { HistoryPin } from "../../mls/history-types.js";
import type { RecoveryKey } from "../../mls/recovery-key.js";
import { inOrder } from "../in-order.js";
import { type Background, ClosedError, codeOf } from "./background.js";
import { type Context, contextOf } from "./context.js";
import type { HistoryServer } from "./history-server.js";
import { HistoryWriter } from "./history-writer.js";
import type { MlsChats } from "./mls-chats.js";
import { decodeRecord, encodeRecord, keys } from "./records.js";
import type { StoredChange } from "./storage.js";

/** Seconds between two writes. */
const WRITE_INTERVAL = 60;
/** Seconds after which the server is asked again whether the history is on. */
const KEY_INTERVAL = 3600;

/** What `restore` has done. */
export interface RestoredHistory {
  /** Number of messages that this device had not read. */
  readonly messages: number;
  /** Number of chunks that are not by a device of this user, or malformed. */
  readonly rejected: number;
}

/**
 * A copy of the read messages of MLS chats at the server, which only the recovery key decrypts (docs/PROTOCOL.md, A-15 to A-19). It is
 * off until the user turns it on, at one device for all: a thief of the recovery key reads all that the server stores of it.
 *
 * ```ts
 * const mlsHistory = await MlsHistory.open(mlsChats, historyServer);
 * mlsHistory.isOn; // false, until the user enters the recovery key for turnOn
 * ```
 */
export class MlsHistory<Definition extends AnyContentDefinition = never> {
  readonly #context: Context<Definition>;
  readonly #server: HistoryServer;
  readonly #writer: HistoryWriter<Definition>;
  readonly #inOrder = inOrder();
  /** Id of the history key to which this device writes. */
  #to: string | undefined;
  #key: HistoryKey | undefined;
  /** Public key of the recovery key of the log with which the history key was read. */
  #recovery: Uint8Array = new Uint8Array();
  /** When to ask the server for the key. Unix time in seconds. */
  #askAt = 0;

  private constructor(context: Context<Definition>, server: HistoryServer, to: string | undefined) {
    this.#context = context;
    this.#server = server;
    this.#to = to;
    this.#writer = new HistoryWriter(context, server);
  }

  /** Writes, from now on until the chats are closed, what was read: at most once a minute, while the history is on. */
  static async open<Definition extends AnyContentDefinition>(
    mls: MlsChats<Definition>,
    server: HistoryServer,
  ): Promise<MlsHistory<Definition>> {
    const context = contextOf<Definition>(mls);
    const stored = await context.storage.get(keys.history);
    const to = stored && decodeRecord<{ readonly to: string }>(stored).to;
    const history = new MlsHistory(context, patient(server, context.background), to);
    void history.#writeUntilClosed();
    return history;
  }

  /** Whether the history is on, as far as this device knows. */
  get isOn(): boolean {
    return this.#to !== undefined;
  }

  /**
   * Turns the history on for all devices of the user. Call `write`, or wait a minute, for what was read until now.
   *
   * @param recoveryKey - That of the account, as the user entered it. It is not stored.
   * @throws {KeyError} if it is another one, or this device is not linked.
   * @throws what the server and the storage throw.
   */
  turnOn(recoveryKey: RecoveryKey): Promise<void> {
    return this.#inOrder(async () => {
      const log = await this.#requireLog();
      if (!equalConstantTime(recoveryKey.publicKey, log.recoveryPublicKey)) {
        const message = "this is not the recovery key of the account: enter the last one";
        throw new KeyError(message);
      }
      const bytes = await makeHistoryKey(recoveryKey, log.user_id);
      const key = readHistoryKey(bytes, log);
      await this.#server.publishHistoryKey(key.id, bytes);
      this.#recovery = log.recoveryPublicKey;
      // Another device may have turned the history off meanwhile, and so have deleted what this one wrote.
      await this.#use(key, true);
    });
  }

  /** Turns the history off for all devices of the user, and deletes it at the server. */
  turnOff(): Promise<void> {
    return this.#inOrder(async () => {
      const bytes = await this.#publishedKey();
      // Also the key of an earlier recovery key, under which this device does not write.
      const to = bytes?.length === HISTORY_KEY_BYTES ? historyKeyId(bytes) : this.#to;
      if (to !== undefined) await this.#server.deleteHistory(to);
      await this.#use(undefined);
    });
  }

  /** Writes now what was read since the last write, if the history is on. */
  write(): Promise<void> {
    return this.#inOrder(() => this.#writeIfOn());
  }

  /**
   * Reads the history, and stores the messages that this device has not read. An event says of which chats they are.
   *
   * @param onProgress - Called with the number of chunks that were read, after each request.
   * @throws what the server and the storage throw, such as `ERR_HISTORY_NOT_FOUND` if there is no history of this recovery key. What
   * was read until then is stored.
   */
  restore(
    recoveryKey: RecoveryKey,
    onProgress: (chunks: number) => void = () => {},
  ): Promise<RestoredHistory> {
    return this.#inOrder(async () => {
      const log = await this.#requireLog();
      // Not the published key: the user may have replaced the recovery key since then.
      const to = historyKeyId(await makeHistoryKey(recoveryKey, log.user_id));
      let [messages, rejected, read, last] = [0, 0, 0, 0];
      for (let hasMore = true; hasMore; ) {
        const after = last;
        const page = await this.#server.chunks(to, after);
        for (const { chunk, chunk_id } of page.chunks) {
          const restored = await this.#restore(recoveryKey, chunk, log);
          if (restored === undefined) rejected += 1;
          else messages += restored;
          last = Math.max(last, chunk_id);
        }
        read += page.chunks.length;
        // A server that shows no later chunk would never end.
        hasMore = page.has_more && last > after;
        onProgress(read);
      }
      return { messages, rejected };
    });
  }

  /** Stores what a chunk has. Returns the number of new messages; undefined if the chunk is rejected. */
  async #restore(
    recoveryKey: RecoveryKey,
    chunk: Uint8Array,
    log: DeviceLog,
  ): Promise<number | undefined> {
    const { contents, emit } = this.#context;
    try {
      const history = await decryptHistory(recoveryKey, chunk, { log, contents });
      if (history.kind === "messages") return await this.#writer.restore(history);
      for (const pin of history.pins) await this.#restorePin(pin);
      return 0;
    } catch (error) {
      if (!(error instanceof HistoryError)) throw error;
      emit({ type: "error", chat_id: undefined, error });
      return undefined;
    }
  }

  async #restorePin(pin: HistoryPin): Promise<void> {
    const { logs, emit } = this.#context;
    try {
      await logs.restorePin(pin);
    } catch (error) {
      if (!(error instanceof DeviceLogError)) throw error;
      emit({ type: "error", chat_id: undefined, error });
    }
  }

  async #requireLog(): Promise<DeviceLog> {
    const { logs, own, user_id } = this.#context;
    const log = await logs.fetch(user_id);
    if (log !== undefined && own.isLinked) return log;
    throw new KeyError("this device is not one of the account: link it, or recover");
  }

  async #publishedKey(): Promise<Uint8Array | undefined> {
    try {
      return await this.#server.historyKey();
    } catch (error) {
      // A server may have MLS chats without the history.
      if (codeOf(error) === "ERR_NOT_FOUND") return undefined;
      throw error;
    }
  }

  /** Returns the key that the server shows, if the recovery key signed it. */
  async #fetchKey(): Promise<HistoryKey | undefined> {
    const bytes = await this.#publishedKey();
    if (bytes === undefined) return undefined;
    const log = await this.#requireLog();
    this.#recovery = log.recoveryPublicKey;
    try {
      return readHistoryKey(bytes, log);
    } catch (error) {
      if (!(error instanceof HistoryError)) throw error;
      // The recovery key was replaced, or the server made up a key.
      this.#context.emit({ type: "error", chat_id: undefined, error });
      return undefined;
    }
  }

  /** Stores under which key this device writes. */
  async #use(key: HistoryKey | undefined, isNew = key?.id !== this.#to): Promise<void> {
    const { storage, emit } = this.#context;
    this.#key = key;
    this.#askAt = unixNow() + KEY_INTERVAL;
    if (!isNew) return;
    const chats = await storage.keys(keys.historyOf(""));
    const changes: StoredChange[] = chats.map((name) => [name, undefined]);
    changes.push([keys.history, key && encodeRecord({ to: key.id })]);
    await storage.write(changes);
    this.#to = key?.id;
    this.#writer.writeAll();
    emit({ type: "history", isOn: this.isOn });
  }

  async #writeUntilClosed(): Promise<void> {
    const { background, emit, own } = this.#context;
    for (;;) {
      try {
        if (own.isLinked) await this.#inOrder(() => this.#writeIfOn());
      } catch (error) {
        if (error instanceof ClosedError) return;
        this.#askAt = 0;
        emit({ type: "error", chat_id: undefined, error });
      }
      try {
        await background.wait(WRITE_INTERVAL);
      } catch {
        return;
      }
    }
  }

  async #writeIfOn(): Promise<void> {
    const recovery = this.#context.own.log?.recoveryPublicKey;
    const isReplaced = this.#key && recovery && !equalConstantTime(recovery, this.#recovery);
    if (unixNow() >= this.#askAt || isReplaced) await this.#use(await this.#fetchKey());
    if (this.#key !== undefined) await this.#writer.write(this.#key);
  }
}

/** Returns the endpoints of a server. They wait while the server has had too many requests, as of a long history. */
function patient(server: HistoryServer, background: Background): HistoryServer {
  const requests = background.requests(server);
  const isFinal = (error: unknown) => (error as { status?: unknown } | undefined)?.status !== 429;
  const repeated = <Result>(call: () => Promise<Result>) =>
    background.repeat(call, isFinal, () => {});
  return {
    ...{
      historyKey: () => requests.historyKey(),
      deleteHistory: (to) => requests.deleteHistory(to),
    },
    publishHistoryKey: (to, key) => requests.publishHistoryKey(to, key),
    writeChunk: (...chunk) => repeated(() => requests.writeChunk(...chunk)),
    deleteChunk: (...chunk) => repeated(() => requests.deleteChunk(...chunk)),
    chunks: (...page) => repeated(() => requests.chunks(...page)),
  };
}
