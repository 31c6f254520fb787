import {
  ChatMessage,
  createRegistry,
  ErrorResponse,
  MessageProtocol,
  ReplayGuard,
  StatusEvent,
} from "lacre";
import type { Logger } from "pino";
import type { Store } from "../database/store.js";
import { errorResponse, internalError, Refusal, refusalOf } from "../errors.js";
import type { ActiveSession } from "../identity/sessions.js";
import { handleChatMessage } from "./chat-messages.js";
import { Connection, type Socket } from "./connection.js";
import { handleStatusEvent } from "./status-events.js";

const POLICY_VIOLATION = 1008;
const SERVICE_RESTART = 1012;

const registry = createRegistry([ChatMessage, StatusEvent]);

/** All connections of this process, and what happens to the frames that come in by them. */
export class Live {
  readonly #store: Store;
  readonly #log: Logger;
  readonly #connections = new Set<Connection>();
  /** One for all connections: a frame counts once, whichever connection it comes by. */
  readonly #replay = new ReplayGuard();

  constructor(store: Store, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  open(session: ActiveSession, socket: Socket): Connection {
    const connection = new Connection(session, socket);
    this.#connections.add(connection);
    this.#log.info({ user_id: session.user_id }, "connected");
    return connection;
  }

  closed(connection: Connection, code: number): void {
    this.#connections.delete(connection);
    this.#log.info({ user_id: connection.userId, code }, "disconnected");
  }

  receive(connection: Connection, data: unknown): void {
    connection.enqueue(async () => {
      if (!this.#connections.has(connection)) return;
      const message = this.#opened(connection, data);
      if (message === undefined) return;
      try {
        await this.#handle(connection, message);
      } catch (error) {
        this.#refuse(connection, error, message);
      }
    });
  }

  /** The connections of these users. */
  *of(...userIds: readonly number[]): Iterable<Connection> {
    for (const connection of this.#connections) {
      if (userIds.includes(connection.userId)) yield connection;
    }
  }

  /** Finishes what came in, and asks everybody to come back later. */
  async close(): Promise<void> {
    const connections = [...this.#connections];
    await Promise.all(connections.map(({ idle }) => idle));
    this.#connections.clear();
    for (const connection of connections) connection.close(SERVICE_RESTART, "the server restarts");
  }

  /** The frame in `data`. One that is not authentic, fresh and new ends the connection. */
  #opened(connection: Connection, data: unknown): MessageProtocol | undefined {
    try {
      return MessageProtocol.open(data as ArrayBuffer, {
        key: connection.clientKey,
        replay: this.#replay,
      });
    } catch (error) {
      this.#refuse(connection, error);
      connection.close(POLICY_VIOLATION, refusalOf(error)?.code ?? internalError.code);
      this.#connections.delete(connection);
      return undefined;
    }
  }

  async #handle(connection: Connection, message: MessageProtocol): Promise<void> {
    const context = { store: this.#store, live: this, log: this.#log };
    const parsed = registry.parse(message);
    if (parsed.type === "message") return handleChatMessage(parsed.value, connection, context);
    if (parsed.type === "status") return handleStatusEvent(parsed.value, connection, context);
    throw new Refusal(
      422,
      "ERR_UNKNOWN_TYPE",
      "this server takes message and status frames, and no frame of this type",
    );
  }

  #refuse(connection: Connection, error: unknown, message?: MessageProtocol): void {
    const refusal = refusalOf(error);
    const { code } = refusal ?? internalError;
    if (refusal) this.#log.warn({ user_id: connection.userId, code }, "frame refused");
    else this.#log.error({ user_id: connection.userId, err: error }, "frame failed");
    const response = errorResponse(refusal ?? internalError);
    const client_id = message?.payload.client_id;
    const details = { ...response.details, ...(client_id !== undefined && { client_id }) };
    connection.send(ErrorResponse, { ...response, details });
  }
}

/** What the handlers of frames work with. */
export interface LiveContext {
  readonly store: Store;
  readonly live: Live;
  readonly log: Logger;
}
