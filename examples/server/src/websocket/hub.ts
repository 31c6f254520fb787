import { setTimeout as delay } from "node:timers/promises";
import type { ChatMessage, DevicesEvent, StatusEvent } from "lacre";
import { CLOSE, closeCode } from "lacre/server";
import type { WebSocket } from "ws";
import type { Delivery, PubSubMessage } from "../coordination/coordination.js";
import { isMutual } from "../database/contacts.js";
import { type Chat, isMls, memberIds, othersThan } from "../database/members.js";
import type { ActiveSession } from "../identity/sessions.js";
import type { AcceptedMessage } from "../messages/accept-message.js";
import {
  Connection,
  type ConnectionEvents,
  type ConnectionTerms,
  type Scope,
} from "./connection.js";
import { Connections } from "./connections.js";
import { FrameAllowances } from "./frame-allowances.js";
import type { HubServices } from "./hub-services.js";
import { LegacyProtocol } from "./legacy-protocol.js";
import { Presence } from "./presence.js";
import type { TimingOptions } from "./timing.js";
import { TypingLimit } from "./typing-limit.js";
import { UserScheduler } from "./user-scheduler.js";

/** Maximum confirmed connections of one user on one instance. */
const MAX_CONNECTIONS = 20;
/** Maximum unconfirmed connections of one user on one instance. An attacker can open these with a replayed hello. */
const MAX_UNCONFIRMED = 20;
/** Milliseconds between two periodic checks of all connections. */
const CHECK_INTERVAL_MS = 500;
/** Milliseconds that the closing server waits for received frames to be handled. */
const DRAIN_TIMEOUT_MS = 3000;
/** Clients that reconnect per second after a restart, and the maximum seconds over which they reconnect. */
const RECONNECTS_PER_SECOND = 200;
const MAX_RECONNECT_SPAN = 60;
/** Minimum connections closed in one batch, and the number of batches for more connections. */
const MIN_BATCH = 50;
const BATCHES = 30;
/** Milliseconds between two batches, so that clients do not all reconnect together. */
const BATCH_PAUSE_MS = 100;

/** Manages all WebSocket connections of this instance and delivers messages and status events to them. */
export class Hub implements ConnectionEvents {
  readonly #allowances: FrameAllowances;
  readonly #typing = new TypingLimit();
  readonly #services: HubServices;
  readonly #terms: ConnectionTerms;
  readonly #connections = new Connections();
  readonly #presence: Presence;
  /** One timer for all connections, so that an idle connection needs no timer of its own. */
  readonly #checkTimer: NodeJS.Timeout;
  #isClosing = false;

  constructor(services: HubServices, timing: TimingOptions) {
    const { config, coordination } = services;
    const { legacySecret, framesPerSecond } = config;
    const legacy = legacySecret ? new LegacyProtocol(legacySecret, coordination) : undefined;
    this.#services = services;
    const allowances = new FrameAllowances(framesPerSecond, coordination);
    this.#allowances = allowances;
    // Schedules the frames of all users fairly.
    const scheduler = new UserScheduler();
    this.#terms = { services, hub: this, timing, allowances, scheduler, legacy };
    this.#presence = new Presence(
      { ...services, connections: this.#connections },
      timing.offlineDelay,
    );
    this.#checkTimer = setInterval(() => this.#checkAll(), CHECK_INTERVAL_MS).unref();
    coordination.listen({
      onMessage: (message) => this.#onMessage(message),
      onGap: () => void this.#reconnectAll(),
      onPresenceChanged: (userIds, isPresent) => void this.#presence.changed(userIds, isPresent),
    });
  }

  /** Seconds over which clients reconnect after this instance restarts, if one more connects. */
  get reconnectWithin(): number {
    return Math.min(MAX_RECONNECT_SPAN, (this.#connections.all.size + 1) / RECONNECTS_PER_SECOND);
  }

  /** Adds a session's WebSocket. With a scope, the connection carries frames of that chat only. */
  open(session: ActiveSession, socket: WebSocket, scope?: Scope): void {
    const { metrics, log } = this.#services;
    const { user_id } = session;
    const connection = new Connection(session, socket, scope, this.#terms);
    socket.on("message", (data, isBinary) => connection.receive(isBinary ? data : String(data)));
    socket.on("close", (code) => this.#closed(connection, code));
    socket.on("error", ({ message }) =>
      log.warn({ user_id, reason: message }, "could not read a frame"),
    );
    this.#connections.add(connection);
    metrics.connections.inc();
    log.info({ user_id }, "connected");
    this.#closeOldest(user_id, { isConfirmed: false, max: MAX_UNCONFIRMED });
    if (this.#isClosing) connection.close(CLOSE.restart);
  }

  /**
   * Confirms a connection whose client proved that it has the keys, or is a version 1 client. Before that, the connection
   * has no effect that another connection or another user can observe.
   */
  async confirmed(connection: Connection): Promise<void> {
    // The session may have ended between authentication and this point.
    await this.#checkSession(connection);
    if (connection.isClosed) return;
    try {
      await this.#presence.entered(connection);
    } catch (error) {
      this.#presence.left(connection);
      throw error;
    }
    connection.confirm();
    if (connection.isClosed) this.#presence.left(connection);
    this.#closeOldest(connection.userId, { isConfirmed: true, max: MAX_CONNECTIONS });
  }

  #closeOldest(userId: number, { isConfirmed, max }: { isConfirmed: boolean; max: number }): void {
    const open = this.#connections
      .of(userId)
      .filter((one) => !one.isClosed && one.isConfirmed === isConfirmed);
    const code = isConfirmed ? CLOSE.replaced : CLOSE.tryAgainLater;
    if (open.length > max) open[0]!.close(code);
  }

  /** Broadcasts a stored message to all members' connections on all instances, except `from`. */
  broadcastMessage({ chat, message, isAccepting }: AcceptedMessage, from?: Connection): void {
    this.#deliver(chat, memberIds(chat), { type: "message", value: message }, from);
    if (isAccepting) this.contactChanged(chat, message.sender_id, true);
  }

  /** Broadcasts a stored commit to the members before and after it, and that the chat's entry in their lists has changed. */
  broadcastCommit(chat: Chat, message: ChatMessage, recipients: readonly number[]): void {
    const { chat_id, sender_id: user_id } = message;
    this.#deliver(chat, recipients, { type: "message", value: message }, undefined);
    const timestamp = Date.now() / 1000;
    const value = { event_type: "chat_changed", user_id, chat_id, timestamp } as const;
    this.#deliver(chat, recipients, { type: "status", value }, undefined);
  }

  /**
   * Broadcasts a member's status event to all members' connections on all instances, except `from`. If the chat is a
   * request or one member blocked the other, only that member's own connections receive it.
   */
  broadcastStatus(chat: Chat, status: StatusEvent, from?: Connection): void {
    const members = isMutual(chat) ? memberIds(chat) : [status.user_id];
    this.#deliver(chat, members, { type: "status", value: status }, from);
  }

  /**
   * Broadcasts `chat_changed` after a member accepts the chat, or blocks or unblocks the peer. The peer receives the event
   * only if the member accepts the chat.
   */
  contactChanged(chat: Chat, user_id: number, isAccepted: boolean): void {
    const members = isAccepted ? memberIds(chat) : [user_id];
    const timestamp = Date.now() / 1000;
    const value = { event_type: "chat_changed", user_id, chat_id: chat.id, timestamp } as const;
    this.#deliver(chat, members, { type: "status", value }, undefined);
    void this.#presence.membersChanged(chat);
  }

  /** Broadcasts `typing` to the other members' connections, at most once per second. */
  broadcastTyping(chat: Chat, status: StatusEvent): void {
    if (!isMutual(chat) || !this.#typing.isDue(status)) return;
    const others = othersThan(status.user_id, chat);
    this.#deliver(chat, others, { type: "status", value: status }, undefined);
  }

  /** Broadcasts that a user's device log has grown to the connections of the user and of the users who read it. */
  async devicesChanged(value: DevicesEvent): Promise<void> {
    const { user_id } = value;
    const { store, coordination, log } = this.#services;
    try {
      const user_ids = [user_id, ...(await store.chats.listReadersOfDevices(user_id))];
      const delivery = { type: "devices", value } as const;
      coordination.publish({ type: "deliver", user_ids, delivery });
    } catch (error) {
      log.warn({ user_id, err: error }, "could not report a change of a device log");
    }
  }

  /** Notifies all members' connections on all instances of a new chat. */
  chatCreated(chat: Chat): void {
    void this.#presence.membersChanged(chat);
  }

  /** Handles the received frames, then closes all connections with a code that asks clients to reconnect. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearInterval(this.#checkTimer);
    this.#allowances.close();
    this.#presence.close();
    const connections = [...this.#connections.all];
    const finished = Promise.all(connections.map((one) => one.stop()));
    await Promise.race([finished, delay(DRAIN_TIMEOUT_MS, undefined, { ref: false })]);
    for (const connection of this.#connections.all) connection.close(CLOSE.restart);
  }

  #closed(connection: Connection, codeOfClient: number): void {
    const { metrics, log } = this.#services;
    const code = connection.ended(codeOfClient);
    this.#connections.delete(connection);
    if (connection.isConfirmed) this.#presence.left(connection);
    metrics.connections.dec();
    const isKnown = closeCode(code).name !== "unknown";
    metrics.closes.inc({ code: isKnown ? code : "other" });
    log.info({ user_id: connection.userId, code }, "disconnected");
  }

  /** Publishes a delivery of a chat. Frames of MLS chats go only to connections with the capability `mls`. */
  #deliver(
    chat: Chat,
    user_ids: readonly number[],
    delivery: Delivery,
    from: Connection | undefined,
  ): void {
    const except = from === undefined ? {} : { except: from.id };
    const capability = isMls(chat) ? { capability: "mls" } : {};
    const options = { ...except, ...capability };
    this.#services.coordination.publish({ type: "deliver", user_ids, ...options, delivery });
  }

  #onMessage(message: PubSubMessage): void {
    if (message.type === "revoked") {
      const id = Buffer.from(message.session_id, "hex");
      for (const connection of this.#connections.all) {
        if (id.equals(connection.session.session_id)) connection.close(CLOSE.notAuthorised);
      }
      return;
    }
    const { user_ids, except, capability, delivery } = message;
    if (delivery.type === "status" && !this.#typing.note(delivery.value)) return;
    for (const userId of user_ids) {
      for (const connection of this.#connections.of(userId)) {
        const isCapable = capability === undefined || connection.has(capability);
        if (isCapable && connection.id !== except) connection.deliver(delivery);
      }
    }
  }

  /** Closes all connections in batches, so that clients reconnect and request missed messages, receipts and presence. */
  async #reconnectAll(): Promise<void> {
    const connections = [...this.#connections.all];
    const size = Math.max(MIN_BATCH, Math.ceil(connections.length / BATCHES));
    for (let at = 0; at < connections.length; at += size) {
      for (const one of connections.slice(at, at + size)) one.close(CLOSE.restart);
      await delay(BATCH_PAUSE_MS, undefined, { ref: false });
    }
  }

  #checkAll(): void {
    let queuedBytes = 0;
    for (const connection of this.#connections.all) {
      queuedBytes += connection.queuedBytes;
      if (!connection.isClosed && connection.checkTimeouts()) void this.#checkSession(connection);
    }
    this.#services.metrics.queued.set(queuedBytes);
  }

  /** Closes a connection whose session ended. Catches revocations whose pub/sub message was lost. */
  async #checkSession(connection: Connection): Promise<void> {
    const { sessions, log } = this.#services;
    try {
      const isActive = await sessions.isActive(connection.session.session_id);
      if (!isActive) connection.close(CLOSE.notAuthorised);
    } catch (error) {
      log.warn({ user_id: connection.userId, err: error }, "could not look up a session");
    }
  }
}
