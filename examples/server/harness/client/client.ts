import { randomBytes, randomUUID } from "node:crypto";
import {
  CLOSE,
  type OutgoingMessage,
  Session,
  type SessionAction,
  type SessionEvent,
  type SessionNotice,
} from "lacre/session";
import { WebSocket } from "ws";
import type { Account } from "./accounts.js";
import { Disk } from "./disk.js";
import { ClientRecord } from "./record.js";

const CONTENT_BYTES = 144;
const MAX_FRAME_BYTES = 1024 * 1024;
/** Milliseconds that the server has to answer a close frame. */
const CLOSE_TIMEOUT_MS = 500;
/** Factor for the delays between attempts to connect: the protocol's own are longer than a whole test. */
const DELAY_FACTOR = 0.02;

export interface ClientOptions {
  readonly account: Pick<Account, "user_id" | "access_token" | "session_key">;
  /** Ids of the chats to synchronise. */
  readonly chats: readonly number[];
  /** Returns the URL of the server for the next attempt to connect. */
  readonly urlOf: () => string;
  readonly random: () => number;
  readonly wires?: readonly (1 | 2)[];
  /** Called with each notice after it is recorded. */
  readonly onNotice?: (client: Client, notice: SessionNotice) => void;
}

/** Runs `lacre/session` on a real WebSocket. Its disk survives `kill`. */
export class Client {
  readonly record = new ClientRecord();
  readonly disk = new Disk();
  readonly chats: readonly number[];
  readonly userId: number;
  isOnline = false;
  /** URL of the last server that it connected to. */
  url = "";
  readonly #options: ClientOptions;
  #session: Session | undefined;
  #socket: WebSocket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #events: SessionEvent[] = [];
  #isHandling = false;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.chats = options.chats;
    this.userId = options.account.user_id;
    for (const chat of options.chats) this.disk.cursors.set(chat, 0);
  }

  /** Starts a session from the state on the disk. */
  start(): void {
    const { account, random, wires } = this.#options;
    this.#session = new Session({
      session_key: account.session_key,
      user_id: account.user_id,
      outbox: this.disk.outbox.values(),
      cursors: this.disk.cursors,
      capabilities: ["delivered"],
      random: () => random() * DELAY_FACTOR,
      ...(wires && { wires }),
    });
    this.#handle({ type: "tick" });
  }

  /** Stops immediately, like a process that receives SIGKILL. */
  kill(): void {
    clearTimeout(this.#timer);
    this.#socket?.terminate();
    this.#socket = undefined;
    this.#session = undefined;
    this.#events = [];
    this.isOnline = false;
  }

  /** Sends a new random message to a chat. */
  write(chat_id: number): OutgoingMessage {
    const message = {
      chat_id,
      sender_id: this.userId,
      content: new Uint8Array(randomBytes(CONTENT_BYTES)),
      nonce: new Uint8Array(randomBytes(12)),
      timestamp: Math.floor(Date.now()) / 1000,
      client_id: randomUUID(),
    };
    this.record.written.push(message);
    this.#handle({ type: "send", message });
    return message;
  }

  read(chat_id: number): void {
    this.#handle({ type: "mark", event_type: "read", chat_id });
  }

  /** Performs all actions of an event before it handles the next event. */
  #handle(event: SessionEvent): void {
    this.#events.push(event);
    if (this.#isHandling) return;
    this.#isHandling = true;
    for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
      const actions = this.#session?.handle(next, Date.now() / 1000) ?? [];
      for (const action of actions) this.#perform(action);
    }
    this.#isHandling = false;
  }

  #perform(action: SessionAction): void {
    switch (action.type) {
      case "connect":
        this.#socket = this.#connect();
        return;
      case "transmit":
        this.#socket?.send(action.bytes);
        return;
      case "close":
        return this.#close(action.code);
      case "persist":
        this.disk.outbox.set(action.message.client_id, action.message);
        return this.#handle({ type: "stored", client_id: action.message.client_id });
      case "forget":
        return this.disk.remove(action.client_id);
      case "cursor":
        this.disk.cursors.set(action.chat_id, action.seq);
        return;
      case "deliver":
        return this.#notify(action.notice);
      case "failed":
        return this.record.note(action);
      case "wake":
        clearTimeout(this.#timer);
        this.#timer = setTimeout(
          () => this.#handle({ type: "tick" }),
          Math.max(0, action.at * 1000 - Date.now()),
        );
    }
  }

  #notify(notice: SessionNotice): void {
    if (notice.type === "online") this.isOnline = true;
    if (notice.type === "offline") this.isOnline = false;
    this.record.note(notice);
    this.#options.onNotice?.(this, notice);
  }

  #connect(): WebSocket {
    this.url = this.#options.urlOf();
    const url = new URL(`${this.url.replace(/^http/, "ws")}/ws`);
    url.searchParams.set("token", this.#options.account.access_token);
    const socket = new WebSocket(url, { maxPayload: MAX_FRAME_BYTES, perMessageDeflate: false });
    let isRejected = false;
    const handle = (event: SessionEvent) => {
      if (this.#socket === socket) this.#handle(event);
    };
    socket.on("open", () => handle({ type: "connected" }));
    socket.on("message", (data) => handle({ type: "frame", data }));
    socket.on("unexpected-response", (_, { statusCode }) => {
      isRejected = statusCode === 401;
      socket.terminate();
    });
    // A `close` event with a code follows each error.
    socket.on("error", () => {});
    socket.on("close", (code) =>
      handle({ type: "closed", code: isRejected ? CLOSE.notAuthorised : code }),
    );
    return socket;
  }

  #close(code: number): void {
    const closing = this.#socket;
    closing?.close(code);
    setTimeout(() => closing?.terminate(), CLOSE_TIMEOUT_MS).unref();
  }
}
