import {
  ChatMessage,
  createRegistry,
  ErrorResponse,
  Heartbeat,
  type MessageProtocol,
  Resume,
  StatusEvent,
  type VerifiedMessage,
} from "lacre";
import { CLOSE } from "lacre/session";
import type { Logger } from "pino";
import type { Chat } from "../database/schema.js";
import type { Store } from "../database/store.js";
import { errorResponse, Refusal, refusalOf, unavailable } from "../errors.js";
import type { ActiveSession } from "../identity/sessions.js";
import { handleChatMessage } from "./chat-messages.js";
import { Connection, type Socket } from "./connection.js";
import { subjectOf } from "./error-details.js";
import type { Pace } from "./pace.js";
import { handleResume } from "./resumes.js";
import { handleStatusEvent } from "./status-events.js";

const registry = createRegistry([ChatMessage, Heartbeat, Resume, StatusEvent]);

/** All connections of this process, and what happens to the frames that come in by them. */
export class Live {
  readonly #store: Store;
  readonly #log: Logger;
  readonly #pace: Pace;
  readonly #connections = new Set<Connection>();

  constructor(store: Store, log: Logger, pace: Pace) {
    this.#store = store;
    this.#log = log;
    this.#pace = pace;
  }

  open(session: ActiveSession, socket: Socket): Connection {
    const connection = new Connection(session, socket, this.#pace);
    this.#connections.add(connection);
    this.#log.info({ user_id: session.user_id }, "connected");
    return connection;
  }

  closed(connection: Connection, code: number): void {
    connection.ended();
    this.#connections.delete(connection);
    this.#log.info({ user_id: connection.userId, code }, "disconnected");
  }

  receive(connection: Connection, data: unknown): void {
    connection.enqueue(async () => {
      if (!connection.isClosed) await this.#take(connection, data);
    });
  }

  /** The open connections of these users. */
  *of(...userIds: readonly number[]): Iterable<Connection> {
    for (const connection of this.#connections) {
      if (connection.isOpen && userIds.includes(connection.userId)) yield connection;
    }
  }

  /** Gives a message that is stored to the connections of both members, but for the one that it came by. */
  handOn({ user1_id, user2_id }: Chat, message: ChatMessage, except?: Connection): void {
    for (const other of this.of(user1_id, user2_id)) {
      if (other === except) continue;
      other.send(ChatMessage, message);
      other.noteSent(message.chat_id, message.seq ?? 0);
    }
  }

  /** Finishes what came in, and asks everybody to come back later. */
  async close(): Promise<void> {
    const connections = [...this.#connections];
    await Promise.all(connections.map(({ idle }) => idle));
    for (const connection of connections) connection.close(CLOSE.restart);
  }

  async #take(connection: Connection, data: unknown): Promise<void> {
    let message: VerifiedMessage | undefined;
    try {
      if (!connection.isOpen) return connection.greet(data);
      message = connection.open(data);
      if (message !== undefined) await this.#handle(connection, message);
    } catch (error) {
      this.#refuse(connection, error, message);
    }
  }

  async #handle(connection: Connection, message: VerifiedMessage): Promise<void> {
    const context = { store: this.#store, live: this, log: this.#log };
    const parsed = registry.parse(message);
    switch (parsed.type) {
      case "message":
        return handleChatMessage(parsed.value, connection, context);
      case "resume":
        return handleResume(parsed.value, connection, context);
      case "status":
        return handleStatusEvent(parsed.value, connection, context);
      case "heartbeat":
        return connection.send(Heartbeat, parsed.value);
      case "unknown":
        throw new Refusal(
          422,
          "ERR_UNKNOWN_TYPE",
          "this server takes message, resume, status and heartbeat, and no frame of this type",
        );
    }
  }

  #refuse(connection: Connection, error: unknown, message: MessageProtocol | undefined): void {
    const refusal = refusalOf(error) ?? unavailable;
    const { code } = refusal;
    if (refusal === unavailable) {
      this.#log.error({ user_id: connection.userId, err: error }, "frame failed");
    } else {
      this.#log.warn({ user_id: connection.userId, code }, "frame refused");
    }
    const response = errorResponse(refusal);
    const details = { ...response.details, ...subjectOf(message) };
    connection.send(ErrorResponse, { ...response, details });
  }
}

/** What the handlers of frames work with. */
export interface LiveContext {
  readonly store: Store;
  readonly live: Live;
  readonly log: Logger;
}
