import { ChatMessage, ErrorResponse, LacreError, type MessageProtocol, StatusEvent } from "lacre";
import { CLOSE } from "lacre/session";
import type { Logger } from "pino";
import type { WebSocket } from "ws";
import type { Config } from "../config.js";
import type { Announcement, Coordination, Delivery } from "../coordination/coordination.js";
import type { Chat } from "../database/schema.js";
import type { Store } from "../database/store.js";
import { errorResponse, Refusal, refusalOf, unavailable } from "../errors.js";
import type { Metrics } from "../http/metrics.js";
import type { ActiveSession, Sessions } from "../identity/sessions.js";
import { toChatMessage } from "../messages/to-chat-message.js";
import { Connection } from "./connection.js";
import { Connections } from "./connections.js";
import { subjectOf } from "./error-details.js";
import { FirstVersion } from "./first-version.js";
import { handleFrame } from "./frames.js";
import type { Pace } from "./pace.js";
import { Presence } from "./presence.js";

/** Of one user, on one instance. */
const MAX_CONNECTIONS = 20;
/** In milliseconds. */
const SWEEP_INTERVAL = 500;

export interface LiveServices {
  readonly config: Config;
  readonly store: Store;
  readonly coordination: Coordination;
  readonly sessions: Sessions;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** All connections of this process, and what happens to the frames that come in by them. */
export class Live {
  readonly #services: LiveServices;
  readonly #pace: Pace;
  readonly #connections = new Connections();
  readonly #presence: Presence;
  readonly #firstVersion: FirstVersion | undefined;
  /** One timer for all, so that a connection that is idle costs none. */
  readonly #sweeping: NodeJS.Timeout;

  constructor(services: LiveServices, pace: Pace) {
    this.#services = services;
    this.#pace = pace;
    this.#presence = new Presence({ ...services, connections: this.#connections }, pace.absence);
    const { firstVersionSecret } = services.config;
    this.#firstVersion = firstVersionSecret ? new FirstVersion(firstVersionSecret) : undefined;
    this.#sweeping = setInterval(() => this.#sweep(), SWEEP_INTERVAL).unref();
    services.coordination.listen({
      announced: (announcement) => this.#announced(announcement),
      missed: () => void this.#fillHoles(),
      presenceChanged: (userIds, isPresent) => void this.#presence.changed(userIds, isPresent),
    });
  }

  open(session: ActiveSession, socket: WebSocket, chatId?: number): Connection {
    const { config, metrics, log } = this.#services;
    const connection = new Connection({
      session,
      socket,
      chatId,
      pace: this.#pace,
      framesPerSecond: config.framesPerSecond,
      firstVersion: this.#firstVersion,
    });
    const [oldest, ...others] = this.#connections.of(session.user_id);
    if (others.length + 1 >= MAX_CONNECTIONS) oldest?.close(CLOSE.replaced);
    this.#connections.add(connection);
    metrics.connections.inc();
    log.info({ user_id: session.user_id }, "connected");
    return connection;
  }

  closed(connection: Connection, code: number): void {
    connection.ended();
    this.#connections.delete(connection);
    this.#presence.left(connection);
    const { metrics, log } = this.#services;
    metrics.connections.dec();
    metrics.closes.inc({ code });
    log.info({ user_id: connection.userId, code }, "disconnected");
  }

  receive(connection: Connection, data: unknown): void {
    connection.enqueue(async () => {
      if (!connection.isClosed) await this.#take(connection, data);
    });
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
    clearInterval(this.#sweeping);
    this.#presence.close();
    const connections = [...this.#connections.all];
    await Promise.all(connections.map(({ idle }) => idle));
    for (const connection of connections) connection.close(CLOSE.restart);
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

  /** Gives each connection what shows its client that something is missing, which the client then asks for. */
  async #fillHoles(): Promise<void> {
    const { store, log } = this.#services;
    try {
      for (const userId of [...this.#connections.userIds]) {
        for (const message of (await store.listNewestMessages(userId)).map(toChatMessage)) {
          const behind = this.#connections
            .of(userId)
            .filter((one) => one.sentUpTo(message.chat_id) < (message.seq ?? 0));
          for (const connection of behind) give(connection, { type: "message", value: message });
        }
      }
    } catch (error) {
      log.error({ err: error }, "what was missed is not filled in: all clients come back");
      for (const connection of this.#connections.all) connection.close(CLOSE.restart);
    }
  }

  async #take(connection: Connection, data: unknown): Promise<void> {
    let message: MessageProtocol | undefined;
    try {
      if (!connection.isOpen || connection.isFirstVersion) {
        if (await this.#greet(connection, data)) return;
      }
      const opened = connection.open(data);
      message = opened;
      if (opened === undefined) return;
      if (!connection.mayReceive()) throw tooFast();
      await handleFrame(opened, connection, { ...this.#services, live: this });
    } catch (error) {
      this.#refuse(connection, error, message);
    }
  }

  /** Whether the frame was a greeting, or ended the connection as one should have been. */
  async #greet(connection: Connection, data: unknown): Promise<boolean> {
    try {
      if (connection.greet(data)) await this.#presence.entered(connection);
      return true;
    } catch (error) {
      if (!(error instanceof LacreError)) throw error;
      if (connection.isFirstVersion) return false;
      if (connection.greetFirstVersion()) {
        await this.#presence.entered(connection);
        return false;
      }
      connection.close(CLOSE.policy);
      return true;
    }
  }

  #refuse(connection: Connection, error: unknown, message: MessageProtocol | undefined): void {
    const { metrics, log } = this.#services;
    const refusal = refusalOf(error) ?? unavailable;
    const { code } = refusal;
    metrics.refused.inc({ code });
    if (refusal === unavailable) {
      log.error({ user_id: connection.userId, err: error }, "frame failed");
    } else {
      log.warn({ user_id: connection.userId, code }, "frame refused");
    }
    const response = errorResponse(refusal);
    const details = { ...response.details, ...subjectOf(message) };
    connection.send(ErrorResponse, { ...response, details });
  }

  #sweep(): void {
    for (const connection of this.#connections.all) {
      const what = connection.isClosed ? undefined : connection.overdue();
      if (what === "session check") void this.#check(connection);
      else if (what === "heartbeat") connection.close(CLOSE.silent);
      else if (what === "hello" && connection.greetFirstVersion()) {
        connection.enqueue(() => this.#presence.entered(connection).catch(() => {}));
      } else if (what === "hello") connection.close(CLOSE.silent);
    }
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
  if (type === "message") {
    if (!connection.carries(value.chat_id)) return;
    connection.send(ChatMessage, value);
    connection.noteSent(value.chat_id, value.seq ?? 0);
  } else if (value.event_type !== "delivered" || connection.has("delivered")) {
    // Who is there matters in every chat.
    if (value.chat_id === undefined || connection.carries(value.chat_id)) {
      connection.send(StatusEvent, value);
    }
  }
}

function tooFast(): Refusal {
  return new Refusal(429, "ERR_RATE_LIMITED", "too many frames: send them more slowly", {
    retry_after: 1,
  });
}
