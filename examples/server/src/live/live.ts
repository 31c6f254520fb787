import { setTimeout as delay } from "node:timers/promises";
import { ChatMessage, StatusEvent } from "lacre";
import { CLOSE, closeCode } from "lacre/session";
import type { Logger } from "pino";
import type { RawData, WebSocket } from "ws";
import type { Config } from "../config.js";
import type { Announcement, Coordination, Delivery } from "../coordination/coordination.js";
import type { Chat } from "../database/schema.js";
import type { Store } from "../database/store.js";
import type { Metrics } from "../http/metrics.js";
import type { ActiveSession, Sessions } from "../identity/sessions.js";
import { Connection, type ConnectionTerms, type Scope } from "./connection.js";
import { Connections } from "./connections.js";
import { FirstVersion } from "./first-version.js";
import { type LiveContext, takeFrame } from "./frames.js";
import type { Pace } from "./pace.js";
import { Presence } from "./presence.js";

/** Of one user, on one instance. */
const MAX_CONNECTIONS = 20;
/** In milliseconds. */
const SWEEP_INTERVAL = 500;
/** For what came in to be handled when the server closes, in milliseconds. */
const FINISHING_PATIENCE = 3000;
/** So that all who are to come back do not come at once: so many at a time, a part of them at least. */
const FEW = 50;
const PARTS = 30;
const PAUSE_MS = 100;

export interface LiveServices {
  readonly config: Config;
  readonly store: Store;
  readonly coordination: Coordination;
  readonly sessions: Sessions;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** All connections of this instance, and what goes to them. */
export class Live {
  readonly firstVersion: FirstVersion | undefined;
  readonly #services: LiveServices;
  readonly #context: LiveContext;
  readonly #terms: ConnectionTerms;
  readonly #connections = new Connections();
  readonly #presence: Presence;
  /** One timer for all, so that a connection that is idle costs none. */
  readonly #sweeping: NodeJS.Timeout;
  #isClosing = false;

  constructor(services: LiveServices, pace: Pace) {
    const { config, coordination, log } = services;
    const { firstVersionSecret, framesPerSecond } = config;
    this.firstVersion = firstVersionSecret
      ? new FirstVersion(firstVersionSecret, coordination)
      : undefined;
    this.#services = services;
    this.#context = { ...services, live: this };
    this.#terms = { pace, framesPerSecond, firstVersion: this.firstVersion, log };
    this.#presence = new Presence({ ...services, connections: this.#connections }, pace.absence);
    this.#sweeping = setInterval(() => this.#sweep(), SWEEP_INTERVAL).unref();
    coordination.listen({
      announced: (announcement) => this.#announced(announcement),
      missed: () => void this.#sendBack(),
      presenceChanged: (userIds, isPresent) => void this.#presence.changed(userIds, isPresent),
    });
  }

  /** Takes a WebSocket of a session's; with a scope, one for frames of that chat only. */
  open(session: ActiveSession, socket: WebSocket, scope?: Scope): void {
    const { metrics, log } = this.#services;
    const { user_id } = session;
    const connection = new Connection(session, socket, scope, this.#terms);
    socket.on("message", (data, isBinary) => this.#receive(connection, data, isBinary));
    socket.on("close", (code) => this.#closed(connection, code));
    socket.on("error", ({ message }) => log.warn({ user_id, reason: message }, "frame not read"));
    this.#connections.add(connection);
    metrics.connections.inc();
    log.info({ user_id }, "connected");
    const open = this.#connections.of(user_id).filter(({ isClosed }) => !isClosed);
    if (open.length > MAX_CONNECTIONS) open[0]!.close(CLOSE.replaced);
    if (this.#isClosing) connection.close(CLOSE.restart);
  }

  /** A connection agreed with the server how to speak. */
  async greeted(connection: Connection): Promise<void> {
    // Its session may have ended after it was let in, and before it could be told.
    await this.#check(connection);
    await this.#presence.entered(connection);
  }

  /** Gives a message that is stored to the connections of both members, everywhere, but for the one that it came by. */
  handOn({ user1_id, user2_id }: Chat, message: ChatMessage, from?: Connection): void {
    this.#deliver([user1_id, user2_id], { type: "message", value: message }, from);
  }

  /** Gives a status to the connections of both members, everywhere, but for the one that it came by. */
  handOnStatus({ user1_id, user2_id }: Chat, status: StatusEvent, from: Connection): void {
    this.#deliver([user1_id, user2_id], { type: "status", value: status }, from);
  }

  /** Finishes what came in, and asks everybody to come back later. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearInterval(this.#sweeping);
    this.#presence.close();
    const connections = [...this.#connections.all];
    const finished = Promise.all(connections.map(({ incoming }) => incoming.stop()));
    await Promise.race([finished, delay(FINISHING_PATIENCE, undefined, { ref: false })]);
    for (const connection of this.#connections.all) connection.close(CLOSE.restart);
  }

  #receive(connection: Connection, data: RawData, isBinary: boolean): void {
    const frame = isBinary ? data : String(data);
    connection.incoming.add((data as Buffer).length, async () => {
      if (!connection.isClosed) await takeFrame(frame, connection, this.#context);
    });
  }

  #closed(connection: Connection, codeOfClient: number): void {
    const { metrics, log } = this.#services;
    const code = connection.ended(codeOfClient);
    this.#connections.delete(connection);
    this.#presence.left(connection);
    metrics.connections.dec();
    const isKnown = closeCode(code).name !== "unknown";
    metrics.closes.inc({ code: isKnown ? code : "other" });
    log.info({ user_id: connection.userId, code }, "disconnected");
  }

  #deliver(user_ids: readonly number[], delivery: Delivery, from: Connection | undefined): void {
    const except = from === undefined ? {} : { except: from.id };
    this.#services.coordination.announce({ type: "deliver", user_ids, ...except, delivery });
  }

  #announced(announcement: Announcement): void {
    if (announcement.type === "revoked") {
      const id = Buffer.from(announcement.session_id, "hex");
      for (const connection of this.#connections.all) {
        if (id.equals(connection.session.session_id)) connection.close(CLOSE.notAuthorised);
      }
      return;
    }
    const { user_ids, except, delivery } = announcement;
    for (const userId of user_ids) {
      for (const connection of this.#connections.of(userId)) {
        if (connection.id !== except) give(connection, delivery);
      }
    }
  }

  /** Has clients connect again, which then ask for what they missed: messages, marks, and who is there. */
  async #sendBack(): Promise<void> {
    const connections = [...this.#connections.all];
    const part = Math.max(FEW, Math.ceil(connections.length / PARTS));
    for (let at = 0; at < connections.length; at += part) {
      for (const one of connections.slice(at, at + part)) one.close(CLOSE.restart);
      await delay(PAUSE_MS, undefined, { ref: false });
    }
  }

  #sweep(): void {
    let queuedBytes = 0;
    for (const connection of this.#connections.all) {
      queuedBytes += connection.queuedBytes;
      const overdue = connection.isClosed ? undefined : connection.overdue();
      if (overdue === "session check") void this.#check(connection);
      else if (overdue === "sign of life") connection.close(CLOSE.silent);
      else if (overdue === "hello") this.#missHello(connection);
    }
    this.#services.metrics.queued.set(queuedBytes);
  }

  #missHello(connection: Connection): void {
    if (!connection.greetFirstVersion()) return connection.close(CLOSE.silent);
    connection.incoming.add(0, async () => {
      try {
        await this.greeted(connection);
      } catch (error) {
        this.#services.log.warn({ user_id: connection.userId, err: error }, "presence failed");
      }
    });
  }

  /** A revocation is announced; this is for those that were announced while nobody heard. */
  async #check(connection: Connection): Promise<void> {
    const { sessions, log } = this.#services;
    try {
      const isActive = await sessions.isActive(connection.session.session_id);
      if (!isActive) connection.close(CLOSE.notAuthorised);
    } catch (error) {
      log.warn({ user_id: connection.userId, err: error }, "a session could not be looked up");
    }
  }
}

function give(connection: Connection, { type, value }: Delivery): void {
  if (type === "status") {
    if (connection.carriesStatus(value)) connection.send(StatusEvent, value);
  } else if (connection.carries(value.chat_id)) {
    connection.send(ChatMessage, value);
    connection.noteSent(value.chat_id, value.seq ?? 0);
  }
}
