import { type ChatMessage, MessageProtocol, type StatusEvent, type VerifiedMessage } from "lacre";
import {
  acceptConnection,
  CLOSE,
  type ConnectionOptions,
  RejectionError,
  type ServerConnection,
  type WelcomeOffer,
} from "lacre/server";
import type { WebSocket } from "ws";
import type { Delivery } from "../coordination/coordination.js";
import { DatabaseUnavailableError } from "../database/database-unavailable.js";
import type { Chat } from "../database/members.js";
import { HttpError } from "../errors.js";
import type { ActiveSession } from "../identity/sessions.js";
import type { AcceptedMessage } from "../messages/accept-message.js";
import { type Accepted, ConnectionStore, type KnownChat } from "./connection-store.js";
import type { FrameAllowance } from "./frame-allowance.js";
import type { FrameAllowances } from "./frame-allowances.js";
import { FrameLimits } from "./frame-limits.js";
import type { HubServices } from "./hub-services.js";
import type { LegacyProtocol } from "./legacy-protocol.js";
import type { TimingOptions } from "./timing.js";
import type { UserScheduler } from "./user-scheduler.js";

/** Optional capabilities that this server announces in its welcome. */
const CAPABILITIES = ["delivered", "chat_changed", "mls", "devices"];
/** Heartbeat intervals without any frame or pong after which the server closes a version 1 client as silent. */
const SILENT_HEARTBEATS = 3;
/** Milliseconds that a client has to answer a close frame. */
const CLOSE_TIMEOUT_MS = 2000;

/** The only chat whose frames a connection carries. */
export interface Scope {
  readonly chatId: number;
  readonly peerIds: readonly number[];
}

/** The part of the hub that a connection uses. */
export interface ConnectionEvents {
  /** Seconds over which clients reconnect after this instance restarts. */
  readonly reconnectWithin: number;
  confirmed(connection: Connection): Promise<void>;
  broadcastMessage(accepted: AcceptedMessage, from: Connection): void;
  broadcastStatus(chat: Chat, status: StatusEvent, from: Connection): void;
  broadcastTyping(chat: Chat, status: StatusEvent): void;
}

/** Options and services that all connections of a server share. */
export interface ConnectionTerms {
  readonly services: HubServices;
  readonly hub: ConnectionEvents;
  readonly timing: TimingOptions;
  readonly allowances: FrameAllowances;
  readonly scheduler: UserScheduler;
  /** Protocol for clients that send no hello; undefined if the server does not serve version 1 clients. */
  readonly legacy: LegacyProtocol | undefined;
}

let lastId = 0;

/** One WebSocket of one session: a connection of the library, with the server's limits, scopes and version 1 clients. */
export class Connection {
  readonly id = ++lastId;
  readonly session: ActiveSession;
  readonly scope: Scope | undefined;
  readonly #socket: WebSocket;
  readonly #terms: ConnectionTerms;
  #connection: ServerConnection<Accepted, KnownChat>;
  #hasReceived = false;
  #isLegacy = false;
  #isConfirmed = false;
  #isClosed = false;
  #isStopped = false;
  #closedWith: number | undefined;
  #endPause: (() => void) | undefined;
  #handled: Promise<void> = Promise.resolve();
  /** Time of the client's last frame, and of a version 1 client's last pong, in seconds of the monotonic clock. */
  #lastSeenAt = monotonic();
  #pingedAt = 0;
  /** Starts at a random past time, so that connections opened together are not re-checked together. */
  #checkedAt: number;
  #hasExpired = false;

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
    this.#checkedAt = monotonic() - Math.random() * terms.timing.sessionCheck;
    this.#connection = this.#accept();
  }

  get userId(): number {
    return this.session.user_id;
  }

  /** Frame allowance that all connections of the user share. */
  get allowance(): FrameAllowance {
    return this.#terms.allowances.of(this.userId);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Whether a frame has proved that the client has the keys of this connection, and the hub knows it. Version 1 clients have
   * no such keys and always count as confirmed.
   */
  get isConfirmed(): boolean {
    return this.#isConfirmed;
  }

  /** Whether the server closes, and reads no more frames. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Bytes sent that the client has not read yet. */
  get queuedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** Handles a received frame after all earlier ones. */
  receive(frame: unknown): void {
    const { legacy } = this.#terms;
    const isFirst = !this.#hasReceived;
    this.#hasReceived = true;
    if (this.#isLegacy && isHello(frame)) this.#replace();
    else if (isFirst && !this.#isLegacy && legacy?.isAuthentic(frame)) this.#acceptLegacy(legacy);
    this.#handled = this.#connection.receive(frame);
  }

  /** Stops reading. Resolves when all received frames are handled. */
  stop(): Promise<void> {
    this.#isStopped = true;
    this.#socket.pause();
    return this.#handled;
  }

  /** Records that the client sent a frame or a pong. */
  noteActivity(): void {
    this.#lastSeenAt = monotonic();
  }

  /** Marks the connection as confirmed. */
  confirm(): void {
    this.#isConfirmed = true;
  }

  /** Whether a capability is in force. None is before the handshake, and for version 1 clients. */
  has(capability: string): boolean {
    return this.#connection.capabilities.includes(capability);
  }

  /** Sends a delivery if this connection carries it. */
  deliver({ type, value }: Delivery): void {
    if (type === "status") this.deliverStatus(value);
    else if (type === "devices") this.#connection.deliverDevices(value);
    else if (this.carries(value.chat_id)) this.#connection.deliver(value);
  }

  /** Sends a status event if this connection carries it. */
  deliverStatus(status: Parameters<ServerConnection["deliverStatus"]>[0]): void {
    const { chat_id, user_id } = status;
    const isOfPeer = chat_id === undefined && this.scope?.peerIds.includes(user_id);
    if (isOfPeer || this.carries(chat_id)) this.#connection.deliverStatus(status);
  }

  /** Closes the connection if a timeout has expired. Returns whether the session must be checked. */
  checkTimeouts(): boolean {
    const now = monotonic();
    const { timing, legacy } = this.#terms;
    if (this.#isLegacy) this.#checkLegacy(now);
    else this.#connection.tick(now);
    const isUndecided = legacy !== undefined && !this.#hasReceived && !this.#isLegacy;
    if (isUndecided && now - this.#lastSeenAt >= timing.legacyDetection) this.#acceptLegacy(legacy);
    return !this.#isClosed && this.#isConfirmed && this.#isCheckDue(now);
  }

  close(code: number): void {
    this.#connection.close(code);
  }

  /** Marks the connection as closed. Returns the server's close code if the server closed it, otherwise the given one. */
  ended(code: number): number {
    this.#connection.closed();
    this.#markClosed();
    return this.#closedWith ?? code;
  }

  /** Closes the socket with a code, and ends it if the client does not answer. */
  endWith(code: number, reason: string): void {
    this.#closedWith = code;
    this.#markClosed();
    // A paused socket would not receive the client's close frame.
    this.#socket.resume();
    this.#socket.close(code, reason);
    setTimeout(() => this.#socket.terminate(), CLOSE_TIMEOUT_MS).unref();
  }

  /** Whether this connection carries frames of a chat. */
  carries(chatId: number | undefined): boolean {
    return this.scope === undefined || this.scope.chatId === chatId;
  }

  #accept(channel?: LegacyProtocol): ServerConnection<Accepted, KnownChat> {
    return acceptConnection(new AcceptOptions(this, this.#socket, this.#terms, channel));
  }

  #acceptLegacy(legacy: LegacyProtocol): void {
    this.noteActivity();
    this.#socket.on("pong", () => this.noteActivity());
    this.#replace(legacy);
  }

  /** Begins again on the same socket: with a hello, or with the channel of version 1 clients. */
  #replace(channel?: LegacyProtocol): void {
    this.#isLegacy = channel !== undefined;
    if (this.#isClosed) return;
    this.#connection.closed();
    this.#connection = this.#accept(channel);
  }

  #checkLegacy(now: number): void {
    const { heartbeat } = this.#terms.timing;
    const silence = now - this.#lastSeenAt;
    if (silence >= SILENT_HEARTBEATS * heartbeat) return this.close(CLOSE.silent);
    // Version 1 has no heartbeat: send a WebSocket ping.
    if (silence < heartbeat || now - this.#pingedAt < heartbeat) return;
    this.#pingedAt = now;
    this.#socket.ping();
  }

  /** Waits for `seconds`, or until the connection closes. In the meantime, other work of the user runs. */
  pause(seconds: number): Promise<void> {
    return this.#terms.scheduler.yieldWhile(this.userId, () => this.#pause(seconds));
  }

  /** The connection handles one frame at a time, so at most one pause is active. */
  #pause(seconds: number): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, seconds * 1000).unref();
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #markClosed(): void {
    this.#isClosed = true;
    this.#endPause?.();
    this.#endPause = undefined;
  }

  /** Returns true once per check interval, and once when the session reaches its initial expiry time. */
  #isCheckDue(now: number): boolean {
    const expires = !this.#hasExpired && this.session.expires_at <= Date.now() / 1000;
    if (expires) this.#hasExpired = true;
    else if (now - this.#checkedAt < this.#terms.timing.sessionCheck) return false;
    this.#checkedAt = now;
    return true;
  }
}

/**
 * Options of the library's connection. They are methods of a class because functions for each connection, and their names,
 * would take 3 kB.
 */
class AcceptOptions implements ConnectionOptions<Accepted, KnownChat> {
  readonly store: ConnectionStore;
  readonly channel?: LegacyProtocol;
  readonly #connection: Connection;
  readonly #socket: WebSocket;
  readonly #terms: ConnectionTerms;
  readonly #limits: FrameLimits;

  constructor(
    connection: Connection,
    socket: WebSocket,
    terms: ConnectionTerms,
    channel: LegacyProtocol | undefined,
  ) {
    this.store = new ConnectionStore(terms.services, connection);
    if (channel !== undefined) this.channel = channel;
    this.#connection = connection;
    this.#socket = socket;
    this.#terms = terms;
    this.#limits = new FrameLimits(connection);
  }

  get session(): ActiveSession {
    return this.#connection.session;
  }

  get offer(): WelcomeOffer {
    const { hub, timing } = this.#terms;
    const { heartbeat } = timing;
    const { reconnectWithin: reconnect_within } = hub;
    return { capabilities: CAPABILITIES, limits: {}, heartbeat, reconnect_within };
  }

  get handshakeTimeout(): number {
    return this.#terms.timing.handshake;
  }

  send(bytes: Uint8Array): void {
    this.#socket.send(bytes);
  }

  close(code: number, reason: string): void {
    this.#connection.endWith(code, reason);
  }

  buffered(): number {
    return this.#socket.bufferedAmount;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#connection.isStopped) this.#socket.resume();
  }

  schedule(work: () => Promise<void>, bytes: number): Promise<void> {
    return this.#terms.scheduler.run(this.#connection.userId, () => {
      const pause = this.#limits.take(bytes);
      return pause === undefined ? work() : pause.then(work);
    });
  }

  admit(message: VerifiedMessage): Promise<void> | undefined {
    this.#connection.noteActivity();
    const throttle = () => this.#limits.throttle(message);
    return this.channel === undefined
      ? throttle()
      : assertFirst(message, this.channel).then(throttle);
  }

  onConfirmed(): Promise<void> {
    return this.#terms.hub.confirmed(this.#connection);
  }

  onStored(_: ChatMessage, { accepted }: Accepted): void {
    this.#terms.hub.broadcastMessage(accepted, this.#connection);
  }

  onStatus(status: StatusEvent, { chat }: KnownChat): void {
    const { services, hub } = this.#terms;
    const { chat_id, user_id, event_type, seq } = status;
    services.log.debug({ chat_id, user_id, event_type, seq }, "status");
    if (event_type === "typing") hub.broadcastTyping(chat, status);
    else hub.broadcastStatus(chat, status, this.#connection);
  }

  onRejected({ code }: RejectionError, error: unknown): void {
    const { metrics, log } = this.#terms.services;
    const { userId: user_id } = this.#connection;
    metrics.framesRejected.inc({ code });
    if (code === "ERR_RATE_LIMITED") metrics.limited.inc({ limit: "frames" });
    if (error instanceof DatabaseUnavailableError) metrics.databaseFailures.inc();
    const isExpected = error instanceof RejectionError && code !== "ERR_UNAVAILABLE";
    if (isExpected) log.warn({ user_id, code }, "frame rejected");
    else log.error({ user_id, err: error }, "frame failed");
  }
}

/** @throws {HttpError} if an instance has received the frame of a version 1 client before. */
async function assertFirst(message: VerifiedMessage, legacy: LegacyProtocol): Promise<void> {
  if (await legacy.isFirst(message)) return;
  throw new HttpError(400, "ERR_REPLAYED", "the server already received this frame");
}

/** Whether a frame is a hello, valid or not. A client that was treated as a version 1 client may send one later. */
function isHello(frame: unknown): boolean {
  try {
    return MessageProtocol.fromBytes(frame as Uint8Array).type === "hello";
  } catch {
    return false;
  }
}

function monotonic(): number {
  return performance.now() / 1000;
}
