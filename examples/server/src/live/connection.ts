import type { MessageDefinition, PayloadSchema, VerifiedMessage } from "lacre";
import { acceptHello, type Channel, CLOSE, closeCode } from "lacre/session";
import type { WebSocket } from "ws";
import type * as z from "zod/mini";
import type { ActiveSession } from "../identity/sessions.js";
import { FrameAllowance } from "./allowance.js";
import { FirstVersion } from "./first-version.js";
import type { Pace } from "./pace.js";

/** What this server can do besides what every server can. */
const CAPABILITIES = ["delivered"];
/** Heartbeats without any frame after which a client is taken for gone. */
const SILENT_HEARTBEATS = 3;
/** Bytes that may wait for a client that does not read. */
const MAX_QUEUED_BYTES = 1024 * 1024;
/** Frames that may wait to be handled before no more are read. */
const MAX_WAITING = 64;
/** For a client to answer that the connection closes, in milliseconds. */
const CLOSING_PATIENCE_MS = 2000;

export interface ConnectionOptions {
  readonly session: ActiveSession;
  readonly socket: WebSocket;
  /** The only chat whose frames travel here; undefined for all of them. */
  readonly chatId: number | undefined;
  readonly pace: Pace;
  readonly framesPerSecond: number;
  /** How to speak with peers that say no hello; undefined where none are served. */
  readonly firstVersion: FirstVersion | undefined;
}

let lastId = 0;

/** One WebSocket of one session: it is greeted, and then speaks the wire and the keys that were agreed on. */
export class Connection {
  readonly id = ++lastId;
  readonly session: ActiveSession;
  readonly chatId: number | undefined;
  readonly #options: ConnectionOptions;
  readonly #allowance: FrameAllowance;
  #channel: Channel | FirstVersion | undefined;
  #capabilities: readonly string[] = [];
  #isClosed = false;
  /** Seconds of the process's own clock. */
  #heardAt = monotonic();
  #checkedAt = monotonic();
  /** The last seq of each chat that went out here. */
  #sentUpTo: Map<number, number> | undefined;
  /** What came in is handled one after the other. */
  #handled: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(options: ConnectionOptions) {
    this.session = options.session;
    this.chatId = options.chatId;
    this.#options = options;
    this.#allowance = new FrameAllowance(options.framesPerSecond);
  }

  get userId(): number {
    return this.session.user_id;
  }

  /** Whether both ends have greeted, and none has gone. */
  get isOpen(): boolean {
    return this.#channel !== undefined && !this.#isClosed;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether both ends announced a capability. */
  has(capability: string): boolean {
    return this.#capabilities.includes(capability);
  }

  /** Whether frames of this chat travel here. */
  carries(chatId: number | undefined): boolean {
    return this.chatId === undefined || this.chatId === chatId;
  }

  /** Whether one more frame is within what a connection may send. */
  mayReceive(): boolean {
    return this.#allowance.take();
  }

  /** Does `work` when all before it is done; reads no more while too much waits. It must not fail. */
  enqueue(work: () => Promise<void>): void {
    const { socket } = this.#options;
    this.#waiting += 1;
    if (this.#waiting === MAX_WAITING) socket.pause();
    this.#handled = this.#handled.then(work).then(() => {
      this.#waiting -= 1;
      if (socket.isPaused && this.#waiting < MAX_WAITING / 2) socket.resume();
    });
  }

  /** When everything that came in so far is handled. */
  get idle(): Promise<void> {
    return this.#handled;
  }

  /** Answers a hello. Throws a LacreError for what is none; false where nothing is agreed on and the connection closes. */
  greet(data: unknown): boolean {
    const { session, socket, pace } = this.#options;
    const offer = { capabilities: CAPABILITIES, limits: {}, heartbeat: pace.heartbeat };
    const accepted = acceptHello(data, session.session_key, offer, Date.now() / 1000);
    if (accepted === undefined) {
      this.close(CLOSE.noCommonWire);
      return false;
    }
    this.#channel = accepted.channel;
    this.#capabilities = accepted.hello.capabilities.filter((one) => CAPABILITIES.includes(one));
    this.#heardAt = monotonic();
    socket.send(accepted.frame);
    return true;
  }

  /** Takes a peer that said no hello for one of the first version; false where such are not served. */
  greetFirstVersion(): boolean {
    this.#channel = this.#options.firstVersion;
    this.#heardAt = monotonic();
    return this.#channel !== undefined;
  }

  get isFirstVersion(): boolean {
    return this.#channel instanceof FirstVersion;
  }

  /** Opens a later frame. One on another wire than was agreed on ends the connection. Throws what `Channel.open` throws. */
  open(data: unknown): VerifiedMessage | undefined {
    const channel = this.#channel!;
    const message = channel.open(data, Date.now() / 1000);
    this.#heardAt = monotonic();
    if (message.wire === channel.wire) return message;
    this.close(CLOSE.protocolError);
    return undefined;
  }

  send<Type extends string, Schema extends PayloadSchema>(
    definition: MessageDefinition<Type, Schema>,
    value: z.input<Schema>,
  ): void {
    const channel = this.#channel;
    if (channel === undefined || this.#isClosed) return;
    if (channel instanceof FirstVersion && !channel.knows(definition.type)) return;
    const { socket } = this.#options;
    if (socket.bufferedAmount > MAX_QUEUED_BYTES) return this.close(CLOSE.tooSlow);
    socket.send(channel.encode(definition, value, Date.now() / 1000));
  }

  /** Remembers that a chat's messages went out here up to `seq`. */
  noteSent(chatId: number, seq: number): void {
    this.#sentUpTo ??= new Map();
    this.#sentUpTo.set(chatId, Math.max(this.sentUpTo(chatId), seq));
  }

  sentUpTo(chatId: number): number {
    return this.#sentUpTo?.get(chatId) ?? 0;
  }

  /** What the time that has passed asks for. */
  overdue(): "hello" | "heartbeat" | "session check" | undefined {
    const { pace, firstVersion } = this.#options;
    const silence = monotonic() - this.#heardAt;
    if (this.#channel === undefined) {
      const patience = firstVersion === undefined ? pace.greeting : pace.firstVersion;
      return silence >= patience ? "hello" : undefined;
    }
    // Peers of the first version have no heartbeat. A connection that is gone is found out when something is sent.
    if (!this.isFirstVersion && silence >= SILENT_HEARTBEATS * pace.heartbeat) return "heartbeat";
    if (monotonic() - this.#checkedAt < pace.sessionCheck) return undefined;
    this.#checkedAt = monotonic();
    return "session check";
  }

  close(code: number): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { socket } = this.#options;
    // Paused, it would not hear the answer.
    socket.resume();
    socket.close(code, closeCode(code).name);
    setTimeout(() => socket.terminate(), CLOSING_PATIENCE_MS).unref();
  }

  /** The socket is closed. */
  ended(): void {
    this.#isClosed = true;
  }
}

function monotonic(): number {
  return performance.now() / 1000;
}
