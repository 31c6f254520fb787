import { numberArgument, objectArgument } from "../arguments.js";
import type { OutgoingMessage, SessionEvent, SessionNotice } from "../session/events.js";
import { Session } from "../session/session.js";
import { Connection, type StorageAction } from "./connection.js";
import { Delivered } from "./delivered.js";
import { ClientError } from "./errors.js";
import { EventHub } from "./event-hub.js";
import type { ClientEvent, ClientStatus, ReadMessage } from "./events.js";
import { idArgument, type OwnOptions } from "./options.js";
import { ClientOutbox } from "./outbox.js";
import { readMessage } from "./read-message.js";
import { KnownReceipts } from "./receipts.js";
import { StoreWrites } from "./store-writes.js";
import type { Client } from "./types.js";
import { onWakeUp } from "./wake-ups.js";

/** Messages of a page of stored ones, if the caller does not say how many. */
const PAGE = 100;

/** Runs a session on a storage: see `Client` for its methods. */
export class RunningClient<Sent, Received> implements Client<Sent, Received> {
  readonly #options: OwnOptions<Sent, Received>;
  readonly #hub = new EventHub<ClientEvent<Received>>();
  readonly #writes: StoreWrites;
  readonly #delivered = new Delivered();
  readonly #known = new KnownReceipts();
  readonly #outbox: ClientOutbox<Sent>;
  /** The seq of the last message of each chat that was reported. */
  readonly #reported = new Map<number, number>();
  /** Events for the session that is not there yet. */
  readonly #early: SessionEvent[] = [];
  readonly #ready: Promise<void>;
  #settleReady!: { resolve: () => void; reject: (error: unknown) => void };
  readonly #starting: Promise<void>;
  readonly #removeWakeUps: () => void;
  #status: ClientStatus = "starting";
  #connection: Connection | undefined;
  #wait = new AbortController();
  /** Whether `takeOver` aborted the wait for the storage. */
  #isTakingOver = false;
  #release: (() => void | Promise<void>) | undefined;
  /** Settles when all earlier events are handled. */
  #acting: Promise<void> = Promise.resolve();
  /** Whether an event was not handled. Later ones are not reported, and later cursors not stored. */
  #isSkipping = false;
  #storageFails = false;
  #stopping: Promise<void> | undefined;

  constructor(options: OwnOptions<Sent, Received>) {
    this.#options = options;
    this.#writes = new StoreWrites((error) => this.#onWrite(error));
    this.#ready = new Promise((resolve, reject) => {
      this.#settleReady = { resolve, reject };
    });
    this.#ready.catch(() => {});
    this.#outbox = new ClientOutbox<Sent>(options, this.#ready, (event) =>
      this.#connection?.handle(event),
    );
    this.#removeWakeUps = onWakeUp(() => this.reconnectNow());
    this.#starting = this.#start();
  }

  get status(): ClientStatus {
    return this.#status;
  }

  readonly receipts: Client<Sent, Received>["receipts"] = {
    read: (chatId, seq = this.#reported.get(idArgument(chatId, "chat_id")) ?? 0) => {
      idArgument(chatId, "chat_id");
      if (seq !== 0) idArgument(seq, "seq");
      if (seq > 0) this.#handle({ type: "mark", event_type: "read", chat_id: chatId, seq });
    },
    typing: (chatId) => {
      const chat_id = idArgument(chatId, "chat_id");
      this.#handle({ type: "mark", event_type: "typing", chat_id });
    },
    of: (chatId) => this.#known.of(chatId),
  };

  on(type: string, listener: (event: never) => unknown): () => void {
    return this.#hub.on(type, listener);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<ClientEvent<Received>, undefined> {
    return this.#hub.read(() => void this.stop());
  }

  send(chatId: number, content: Sent, options: { client_id?: string } = {}): Promise<string> {
    return this.#outbox.send(chatId, content, options);
  }

  async withdraw(clientId: string): Promise<boolean> {
    await this.#ready;
    await this.#outbox.untilStored(clientId);
    const encrypted = this.#stopping === undefined ? this.#outbox.take(clientId) : undefined;
    if (encrypted === undefined) return false;
    this.#handle({ type: "withdraw", client_id: clientId });
    this.#reportFailed(encrypted, "ERR_WITHDRAWN", "the message was withdrawn");
    this.#inOrder(() => this.#remove(clientId));
    return true;
  }

  follow(chatId: number): void {
    this.#handle({ type: "follow", chat_id: idArgument(chatId, "chat_id") });
  }

  async history(
    chatId: number,
    page: { before?: number; limit?: number } = {},
  ): Promise<ReadMessage<Received>[]> {
    const { before = Number.MAX_SAFE_INTEGER, limit = PAGE } = objectArgument(page, "page");
    idArgument(chatId, "chat_id");
    const stored = await this.#options.storage.messages(chatId, {
      before: numberArgument(before, "page.before", 1),
      limit: idArgument(limit, "page.limit"),
    });
    return Promise.all(stored.map((message) => readMessage(message, this.#options)));
  }

  async queued(chatId: number): Promise<ReadMessage<Received>[]> {
    idArgument(chatId, "chat_id");
    await this.#ready;
    return Promise.all(this.#outbox.of(chatId).map((one) => readMessage(one, this.#options)));
  }

  reconnectNow(): void {
    this.#connection?.handle({ type: "probe" });
  }

  takeOver(): void {
    if (this.#status !== "waiting") return;
    this.#isTakingOver = true;
    this.#wait.abort();
  }

  stop(): Promise<void> {
    return this.#end(undefined);
  }

  /** Ends the client, because of an error if it is not undefined. */
  #end(error: unknown): Promise<void> {
    this.#stopping ??= this.#stop(error);
    // The caller of `stop` receives it, if there is one.
    this.#stopping.catch(() => {});
    return this.#stopping;
  }

  async #start(): Promise<void> {
    const { storage, session, connect } = this.#options;
    try {
      this.#release = await this.#lock();
      const { outbox, cursors } = await storage.load();
      if (this.#stopping !== undefined) return;
      const known = [...cursors];
      this.#outbox.load(outbox);
      for (const [chatId, seq] of known) this.#reported.set(chatId, seq);
      this.#connection = new Connection(
        new Session({ ...session, outbox, cursors: known }),
        connect,
        (action) => this.#perform(action),
        (error) => void this.#end(error),
      );
    } catch (error) {
      return void this.#end(error);
    }
    this.#status = "connecting";
    this.#settleReady.resolve();
    for (const event of [{ type: "tick" } as const, ...this.#early.splice(0)])
      this.#connection.handle(event);
  }

  /** Waits until this client may use the storage. Returns a function that ends the use. */
  async #lock(): Promise<(() => void | Promise<void>) | undefined> {
    const { storage } = this.#options;
    const onWait = () => {
      this.#status = "waiting";
      this.#report({ type: "waiting" });
    };
    const onLost = () =>
      void this.#end(new ClientError("ERR_STOPPED", "another tab took over the storage"));
    for (let steal = false; ; steal = true) {
      try {
        return await storage.lock?.({ signal: this.#wait.signal, steal, onWait, onLost });
      } catch (error) {
        if (!this.#isTakingOver || this.#stopping !== undefined) throw error;
      }
      this.#isTakingOver = false;
      this.#wait = new AbortController();
    }
  }

  #handle(event: SessionEvent): void {
    if (this.#stopping !== undefined) return;
    if (this.#connection === undefined) this.#early.push(event);
    else this.#connection.handle(event);
  }

  #perform(action: StorageAction): void {
    switch (action.type) {
      case "persist":
        return void this.#outbox.store(action.message);
      case "forget":
        return this.#inOrder(() => this.#remove(action.client_id));
      case "failed":
        return this.#fail(action);
      case "cursor": {
        const { chat_id, from, seq: to } = action;
        const messages = this.#delivered.take(chat_id, { from, to });
        const { storage } = this.#options;
        return this.#inOrder(() =>
          this.#writes.add(chat_id, () => storage.moveCursor(chat_id, { from, to }, messages)),
        );
      }
      case "deliver":
        return this.#deliver(action.notice);
    }
  }

  #remove(clientId: string): Promise<void> {
    return this.#writes.add(clientId, () => this.#outbox.removeStored(clientId));
  }

  #fail(action: Extract<StorageAction, { type: "failed" }>): void {
    const encrypted = this.#outbox.takeFailed(action);
    if (encrypted !== undefined)
      this.#reportFailed(encrypted, action.error_code, action.error_message);
  }

  #reportFailed(encrypted: OutgoingMessage, error_code: string, error_message: string): void {
    this.#inOrder(async () => {
      const message = await readMessage(encrypted, this.#options);
      await this.#emit({ type: "failed", message, error_code, error_message });
    });
  }

  #deliver(notice: SessionNotice): void {
    switch (notice.type) {
      case "message": {
        const { message } = notice;
        this.#delivered.add(message);
        return this.#inOrder(async () => {
          const { chat_id, seq } = message;
          const read = await readMessage(message, this.#options);
          if (seq !== undefined) this.#reported.set(chat_id, seq);
          await this.#emit({ type: "message", message: read });
        });
      }
      case "sent":
        return this.#onSent(notice);
      case "status":
        return this.#inOrder(async () => {
          this.#known.note(notice.status);
          await this.#emit(notice);
        });
      case "rewound":
        return this.#inOrder(async () => {
          this.#known.rewind(notice.chat_id, notice.last_seq);
          this.#reported.set(notice.chat_id, notice.last_seq);
          await this.#emit(notice);
        });
      case "offline":
        return this.#onOffline(notice);
      case "online":
        this.#status = "online";
    }
    this.#report(notice);
  }

  #onSent(notice: Extract<SessionNotice, { type: "sent" }>): void {
    const encrypted = this.#outbox.takeSent(notice);
    if (encrypted === undefined) return;
    this.#delivered.add(encrypted);
    this.#inOrder(async () => {
      const message = await readMessage(encrypted, this.#options);
      await this.#emit({ type: "sent", message });
    });
  }

  #onOffline({ code, retry }: Extract<SessionNotice, { type: "offline" }>): void {
    this.#status = "offline";
    const { error } = this.#connection!;
    this.#inOrder(async () => {
      await this.#emit({ type: "offline", code, retry, error });
      if (retry) return;
      const message = `the server closed the connection for good, with the code ${code}`;
      void this.#end(new ClientError("ERR_SESSION_ENDED", message, { closeCode: code }));
    });
  }

  #onWrite(error: unknown): void {
    const fails = error !== undefined;
    if (fails === this.#storageFails) return;
    this.#storageFails = fails;
    this.#report({ type: "storage", error });
  }

  /** Runs work after all earlier work, unless an event was not handled. If it fails, the client ends. */
  #inOrder(work: () => Promise<void>): void {
    this.#acting = this.#acting
      .then(async () => {
        if (!this.#isSkipping) await work();
      })
      .catch((error) => {
        this.#isSkipping = true;
        void this.#end(error);
      });
  }

  #report(event: ClientEvent<Received>): void {
    this.#inOrder(() => this.#emit(event));
  }

  async #emit(event: ClientEvent<Received>): Promise<void> {
    const isHandled = this.#stopping === undefined && (await this.#hub.emit(event));
    if (!isHandled) this.#isSkipping = true;
  }

  async #stop(error: unknown): Promise<void> {
    this.#status = "stopped";
    this.#removeWakeUps();
    this.#wait.abort();
    this.#settleReady.reject(new ClientError("ERR_STOPPED", "the client is stopped"));
    this.#hub.cancel();
    await this.#outbox.stop();
    await this.#starting;
    const closed = this.#connection?.stop();
    await this.#acting;
    await this.#writes.stop();
    await this.#hub.end({ type: "stopped", error });
    await this.#release?.();
    await closed;
  }
}
