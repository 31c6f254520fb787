import type { MessageDefinition, PayloadSchema, StatusEvent, VerifiedMessage } from "lacre";
import { acceptHello, type Channel, CLOSE, closeCode } from "lacre/session";
import type { Logger } from "pino";
import type { WebSocket } from "ws";
import type * as z from "zod/mini";
import type { ActiveSession } from "../identity/sessions.js";
import { FirstVersion } from "./first-version.js";
import { FrameAllowance } from "./frame-allowance.js";
import { FrameQueue } from "./frame-queue.js";
import type { Pace } from "./pace.js";

/** What this server can do besides what every server can. */
const CAPABILITIES = ["delivered"];
/** Heartbeats without any sign of a client after which it is taken for gone. */
const SILENT_HEARTBEATS = 3;
/** Bytes that may wait for a client that does not read. */
const MAX_QUEUED_BYTES = 1024 * 1024;
/** For a client to answer that the connection closes, in milliseconds. */
const CLOSING_PATIENCE_MS = 2000;

const SERVER_ERROR = 1011;

/** The one chat that a connection is for. */
export interface Scope {
  readonly chatId: number;
  readonly peerId: number;
}

/** What all connections of a server have alike. */
export interface ConnectionTerms {
  readonly pace: Pace;
  readonly framesPerSecond: number;
  /** How to speak with peers that say no hello; undefined where none are served. */
  readonly firstVersion: FirstVersion | undefined;
  readonly log: Logger;
}

let lastId = 0;

/** One WebSocket of one session: it is greeted, and then speaks the wire and the keys that were agreed on. */
export class Connection {
  readonly id = ++lastId;
  readonly session: ActiveSession;
  readonly scope: Scope | undefined;
  readonly incoming: FrameQueue;
  readonly allowance: FrameAllowance;
  readonly #socket: WebSocket;
  readonly #terms: ConnectionTerms;
  #channel: Channel | FirstVersion | undefined;
  #capabilities: readonly string[] = [];
  #isClosed = false;
  #closedWith: number | undefined;
  /** Seconds of the process's own clock. */
  #heardAt = monotonic();
  #pingedAt = 0;
  /** At first some time ago, so that not all who come at once are looked at at once. */
  #checkedAt: number;
  #hasExpired = false;
  /** The last seq of each chat that went out here. */
  #sentUpTo: Map<number, number> | undefined;

  constructor(
    session: ActiveSession,
    socket: WebSocket,
    scope: Scope | undefined,
    terms: ConnectionTerms,
  ) {
    this.session = session;
    this.scope = scope;
    this.#socket = socket;
    this.#terms = terms;
    this.incoming = new FrameQueue(socket);
    this.allowance = new FrameAllowance(terms.framesPerSecond);
    this.#checkedAt = monotonic() - Math.random() * terms.pace.sessionCheck;
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

  get isFirstVersion(): boolean {
    return this.#channel instanceof FirstVersion;
  }

  /** Bytes that wait for the client to read them. */
  get queuedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** Whether both ends announced a capability. */
  has(capability: string): boolean {
    return this.#capabilities.includes(capability);
  }

  /** Whether frames of this chat travel here. */
  carries(chatId: number | undefined): boolean {
    return this.scope === undefined || this.scope.chatId === chatId;
  }

  /** Whether a status is for this client to know. */
  carriesStatus({ event_type, chat_id, user_id }: StatusEvent): boolean {
    if (event_type === "delivered" && !this.has(event_type)) return false;
    const isOfPeer = chat_id === undefined && user_id === this.scope?.peerId;
    return isOfPeer || this.carries(chat_id);
  }

  /** Answers a hello; false where no wire is common, and the connection closes. Throws a LacreError for what is none. */
  greet(data: unknown): boolean {
    const { heartbeat } = this.#terms.pace;
    const offer = { capabilities: CAPABILITIES, limits: {}, heartbeat };
    const accepted = acceptHello(data, this.session.session_key, offer, Date.now() / 1000);
    if (accepted === undefined) {
      this.close(CLOSE.noCommonWire);
      return false;
    }
    this.#channel = accepted.channel;
    this.#capabilities = accepted.hello.capabilities.filter((one) => CAPABILITIES.includes(one));
    this.#heardAt = monotonic();
    this.#socket.send(accepted.frame);
    return true;
  }

  /** Takes a peer that said no hello for one of the first version; false where such are not served. */
  greetFirstVersion(): boolean {
    const { firstVersion } = this.#terms;
    if (firstVersion === undefined) return false;
    this.#channel = firstVersion;
    this.heard();
    this.#socket.on("pong", () => this.heard());
    return true;
  }

  /** Opens a later frame. One on another wire than was agreed on ends the connection. Throws what `Channel.open` throws. */
  open(data: unknown): VerifiedMessage | undefined {
    const channel = this.#channel!;
    const message = channel.open(data, Date.now() / 1000);
    this.heard();
    if (message.wire === channel.wire) return message;
    this.close(CLOSE.protocolError);
    return undefined;
  }

  heard(): void {
    this.#heardAt = monotonic();
  }

  /** Sends a frame, unless the client has gone, does not know such, or reads too slowly, which ends the connection. */
  send<Type extends string, Schema extends PayloadSchema>(
    definition: MessageDefinition<Type, Schema>,
    value: z.input<Schema>,
  ): void {
    const channel = this.#channel;
    if (channel === undefined || this.#isClosed) return;
    if (channel instanceof FirstVersion && !channel.knows(definition.type)) return;
    let frame: Uint8Array;
    try {
      frame = channel.encode(definition, value, Date.now() / 1000);
    } catch (error) {
      // Nobody else is to suffer from it: not the sender, nor the others that the same goes to.
      this.#terms.log.error({ user_id: this.userId, err: error }, "a frame could not be made");
      return this.close(SERVER_ERROR);
    }
    const { queuedBytes } = this;
    const isTooMuch = queuedBytes > 0 && queuedBytes + frame.length > MAX_QUEUED_BYTES;
    if (isTooMuch) return this.close(CLOSE.tooSlow);
    this.#socket.send(frame);
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
  overdue(): "hello" | "sign of life" | "session check" | undefined {
    const { pace, firstVersion } = this.#terms;
    const silence = monotonic() - this.#heardAt;
    if (this.#channel === undefined) {
      const patience = firstVersion === undefined ? pace.greeting : pace.firstVersion;
      return silence >= patience ? "hello" : undefined;
    }
    if (silence >= SILENT_HEARTBEATS * pace.heartbeat) return "sign of life";
    if (this.isFirstVersion && silence >= pace.heartbeat) this.#ping();
    return this.#isCheckDue() ? "session check" : undefined;
  }

  close(code: number): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#closedWith = code;
    // Paused, it would not hear the answer.
    this.#socket.resume();
    this.#socket.close(code, closeCode(code).name);
    setTimeout(() => this.#socket.terminate(), CLOSING_PATIENCE_MS).unref();
  }

  /** The socket is closed, with this code; the code that says why, which is ours if we closed it. */
  ended(code: number): number {
    this.#isClosed = true;
    return this.#closedWith ?? code;
  }

  /** Peers of the first version have no heartbeat. */
  #ping(): void {
    if (monotonic() - this.#pingedAt < this.#terms.pace.heartbeat) return;
    this.#pingedAt = monotonic();
    this.#socket.ping();
  }

  /** Now and then, and when the session was to end by what was known of it at first. */
  #isCheckDue(): boolean {
    const now = monotonic();
    const expires = !this.#hasExpired && this.session.expires_at <= Date.now() / 1000;
    if (expires) this.#hasExpired = true;
    else if (now - this.#checkedAt < this.#terms.pace.sessionCheck) return false;
    this.#checkedAt = now;
    return true;
  }
}

function monotonic(): number {
  return performance.now() / 1000;
}
