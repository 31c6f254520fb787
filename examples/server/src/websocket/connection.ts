import {
  Heartbeat,
  type MessageDefinition,
  type PayloadSchema,
  type StatusEvent,
  type ValueToSend,
  type VerifiedMessage,
} from "lacre";
import { acceptHello, answerHeartbeat, Channel, CLOSE, closeCode } from "lacre/server";
import type { Logger } from "pino";
import type { WebSocket } from "ws";
import type { ActiveSession } from "../identity/sessions.js";
import type { FrameAllowance } from "./frame-allowance.js";
import type { FrameAllowances } from "./frame-allowances.js";
import { FrameQueue } from "./frame-queue.js";
import { LegacyProtocol } from "./legacy-protocol.js";
import type { TimingOptions } from "./timing.js";
import type { UserScheduler } from "./user-scheduler.js";

/** Optional capabilities that this server announces in its welcome. */
const CAPABILITIES = ["delivered", "chat_changed"];
/** Heartbeat intervals without any frame after which the server closes a connection as silent. */
const SILENT_HEARTBEATS = 3;
/** Maximum bytes buffered for a client that does not read. */
const MAX_QUEUED_BYTES = 1024 * 1024;
/** Milliseconds that a client has to answer a close frame. */
const CLOSE_TIMEOUT_MS = 2000;

const SERVER_ERROR = 1011;

/** The only chat whose frames a connection carries. */
export interface Scope {
  readonly chatId: number;
  readonly peerId: number;
}

/** Options and services that all connections of a server share. */
export interface ConnectionTerms {
  readonly timing: TimingOptions;
  readonly allowances: FrameAllowances;
  readonly scheduler: UserScheduler;
  /** Protocol for clients that send no hello; undefined if the server does not serve version 1 clients. */
  readonly legacy: LegacyProtocol | undefined;
  readonly log: Logger;
}

let lastId = 0;

/** One WebSocket of one session. After the handshake, it uses the negotiated wire and keys. */
export class Connection {
  readonly id = ++lastId;
  readonly session: ActiveSession;
  readonly scope: Scope | undefined;
  readonly incoming: FrameQueue;
  readonly #socket: WebSocket;
  readonly #terms: ConnectionTerms;
  #channel: Channel | LegacyProtocol | undefined;
  #capabilities: readonly string[] = [];
  #isConfirmed = false;
  /** Actions delayed until the client's first authenticated frame. */
  #pending: (() => void)[] | undefined;
  #pendingBytes = 0;
  #isClosed = false;
  #endPause: (() => void) | undefined;
  #closedWith: number | undefined;
  /** Time of the client's last frame, in seconds of the monotonic clock. */
  #lastSeenAt = monotonic();
  #pingedAt = 0;
  /** Starts at a random past time, so that connections opened together are not re-checked together. */
  #checkedAt: number;
  #hasExpired = false;
  /** Last seq of each chat sent over this connection. */
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
    this.incoming = new FrameQueue(socket, (work) => terms.scheduler.run(session.user_id, work));
    this.#checkedAt = monotonic() - Math.random() * terms.timing.sessionCheck;
  }

  get userId(): number {
    return this.session.user_id;
  }

  /** Whether the handshake is complete and the connection is not closed. */
  get isOpen(): boolean {
    return this.#channel !== undefined && !this.#isClosed;
  }

  /** Frame allowance shared by all connections of the user. */
  get allowance(): FrameAllowance {
    return this.#terms.allowances.of(this.userId);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Whether a frame has proved that the client has the keys of this connection. A hello proves nothing, because an
   * attacker can replay a recorded one. Version 1 clients have no such keys and always count as confirmed.
   */
  get isConfirmed(): boolean {
    return this.#isConfirmed;
  }

  get isLegacy(): boolean {
    return this.#channel instanceof LegacyProtocol;
  }

  /** Bytes sent that the client has not read yet. */
  get queuedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** Whether the client and the server support a capability. */
  has(capability: string): boolean {
    return this.#capabilities.includes(capability);
  }

  /** Whether this connection carries frames of a chat. */
  carries(chatId: number | undefined): boolean {
    return this.scope === undefined || this.scope.chatId === chatId;
  }

  /** Whether this connection carries a status event. */
  carriesStatus({ event_type, chat_id, user_id }: StatusEvent): boolean {
    if (CAPABILITIES.includes(event_type) && !this.has(event_type)) return false;
    const isOfPeer = chat_id === undefined && user_id === this.scope?.peerId;
    return isOfPeer || this.carries(chat_id);
  }

  /**
   * Answers a hello and completes the handshake. `reconnect_within` is the time in seconds over which clients reconnect
   * after a restart.
   *
   * @throws {LacreError} if `acceptHello` rejects the hello.
   */
  handshake(data: unknown, reconnect_within: number): void {
    const { heartbeat } = this.#terms.timing;
    const offer = { capabilities: CAPABILITIES, limits: {}, heartbeat, reconnect_within };
    const accepted = acceptHello(data, this.session.session_key, offer, Date.now() / 1000);
    this.#channel = accepted.channel;
    this.#capabilities = accepted.hello.capabilities.filter((one) => CAPABILITIES.includes(one));
    this.noteActivity();
    this.#socket.send(accepted.frame);
  }

  /** Treats a client that sent no hello as a version 1 client. Returns false if the server does not serve them. */
  acceptLegacy(): boolean {
    const { legacy } = this.#terms;
    if (legacy === undefined) return false;
    this.#channel = legacy;
    this.#isConfirmed = true;
    this.noteActivity();
    this.#socket.on("pong", () => this.noteActivity());
    return true;
  }

  /** Marks the connection as confirmed and runs the delayed actions. */
  confirm(): void {
    this.#isConfirmed = true;
    const pending = this.#pending ?? [];
    this.#pending = undefined;
    for (const action of pending) action();
  }

  /** Runs an action now, or once the connection is confirmed. `bytes` is the memory that the action holds until then. */
  whenConfirmed(action: () => void, bytes: number): void {
    if (this.#isConfirmed) return action();
    if (this.#isClosed || this.#channel === undefined) return;
    this.#pendingBytes += bytes;
    if (this.#pendingBytes > MAX_QUEUED_BYTES) return this.close(CLOSE.tooSlow);
    this.#pending ??= [];
    this.#pending.push(action);
  }

  /**
   * Verifies and decodes a frame after the handshake. Closes the connection and returns undefined if the frame uses
   * another wire than the negotiated one.
   *
   * @throws {LacreError} if `Channel.open` rejects the frame.
   */
  open(data: unknown): VerifiedMessage | undefined {
    const channel = this.#channel!;
    const message = channel.open(data, Date.now() / 1000);
    this.noteActivity();
    if (message.wire === channel.wire) return message;
    this.close(CLOSE.protocolError);
    return undefined;
  }

  noteActivity(): void {
    this.#lastSeenAt = monotonic();
  }

  /**
   * Sends a frame. Does nothing if the connection is closed or a version 1 client does not know the type. Closes the
   * connection if the client reads too slowly.
   */
  send<Type extends string, Schema extends PayloadSchema>(
    definition: MessageDefinition<Type, Schema>,
    value: ValueToSend<Schema>,
  ): void {
    const channel = this.#channel;
    if (channel === undefined || this.#isClosed) return;
    if (channel instanceof LegacyProtocol && !channel.knows(definition.type)) return;
    let frame: Uint8Array;
    try {
      frame = channel.encode(definition, value, Date.now() / 1000);
    } catch (error) {
      // Close this connection only: the sender and the other recipients continue.
      this.#terms.log.error({ user_id: this.userId, err: error }, "could not encode a frame");
      return this.close(SERVER_ERROR);
    }
    const { queuedBytes } = this;
    const isTooMuch = queuedBytes > 0 && queuedBytes + frame.length > MAX_QUEUED_BYTES;
    if (isTooMuch) return this.close(CLOSE.tooSlow);
    this.#socket.send(frame);
  }

  answerHeartbeat(heartbeat: Heartbeat): void {
    const channel = this.#channel;
    // Version 1 has no heartbeat.
    if (channel instanceof Channel) this.send(Heartbeat, answerHeartbeat(heartbeat, channel));
  }

  /** Records that this connection has sent a chat's messages up to `seq`. */
  noteSent(chatId: number, seq: number): void {
    this.#sentUpTo ??= new Map();
    this.#sentUpTo.set(chatId, Math.max(this.sentUpTo(chatId), seq));
  }

  sentUpTo(chatId: number): number {
    return this.#sentUpTo?.get(chatId) ?? 0;
  }

  /** Returns the timeout that has expired, if any. */
  overdue(): "hello" | "activity" | "session check" | undefined {
    const { timing, legacy } = this.#terms;
    const silence = monotonic() - this.#lastSeenAt;
    if (this.#channel === undefined) {
      const timeout = legacy === undefined ? timing.handshake : timing.legacyDetection;
      return silence >= timeout ? "hello" : undefined;
    }
    const timeout = this.#isConfirmed ? SILENT_HEARTBEATS * timing.heartbeat : timing.handshake;
    if (silence >= timeout) return "activity";
    if (this.isLegacy && silence >= timing.heartbeat) this.#ping();
    return this.#isCheckDue() ? "session check" : undefined;
  }

  /**
   * Waits for `seconds`, or until the connection closes. The connection handles one frame at a time, so at most one pause
   * is active.
   */
  pause(seconds: number): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, seconds * 1000).unref();
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  close(code: number): void {
    if (this.#isClosed) return;
    this.#closedWith = code;
    this.#markClosed();
    // A paused socket would not receive the client's close frame.
    this.#socket.resume();
    this.#socket.close(code, closeCode(code).name);
    setTimeout(() => this.#socket.terminate(), CLOSE_TIMEOUT_MS).unref();
  }

  /** Marks the connection as closed. Returns the server's close code if the server closed it, otherwise the given one. */
  ended(code: number): number {
    this.#markClosed();
    return this.#closedWith ?? code;
  }

  #markClosed(): void {
    this.#isClosed = true;
    this.#pending = undefined;
    this.#endPause?.();
    this.#endPause = undefined;
  }

  /** Sends a WebSocket ping to a version 1 client, because version 1 has no heartbeat. */
  #ping(): void {
    if (monotonic() - this.#pingedAt < this.#terms.timing.heartbeat) return;
    this.#pingedAt = monotonic();
    this.#socket.ping();
  }

  /** Returns true once per check interval, and once when the session reaches its initial expiry time. */
  #isCheckDue(): boolean {
    const now = monotonic();
    const expires = !this.#hasExpired && this.session.expires_at <= Date.now() / 1000;
    if (expires) this.#hasExpired = true;
    else if (now - this.#checkedAt < this.#terms.timing.sessionCheck) return false;
    this.#checkedAt = now;
    return true;
  }
}

function monotonic(): number {
  return performance.now() / 1000;
}
