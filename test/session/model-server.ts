import {
  Ack,
  ChatMessage,
  createRegistry,
  ErrorResponse,
  Heartbeat,
  LacreError,
  MessageListResponse,
  type MessageProtocol,
  Resume,
  StatusEvent,
} from "../../src/index.js";
import {
  acceptHello,
  answerHeartbeat,
  answerResume,
  type Channel,
  messageDigest,
  statusErrorCode,
} from "../../src/server/index.js";
import { CLOSE } from "../../src/session/index.js";
import { toHex } from "../support/hex.js";

/** The server's end of a socket. */
export interface ServerSocket {
  readonly user_id: number;
  readonly sessionKey: Uint8Array;
  send(bytes: Uint8Array): void;
  close(code: number): void;
}

interface Connection {
  readonly socket: ServerSocket;
  channel: Channel | undefined;
}

interface StoredMessage {
  readonly message: ChatMessage;
  readonly digest: string;
  readonly stored_at: number;
}

/** Decides which requests the server rejects. */
export interface Rejections {
  /** Whether to reject a message, a resume or a receipt temporarily. */
  isBusy(): boolean;
  /** Whether to reject a message finally. */
  rejects(message: ChatMessage): boolean;
}

const registry = createRegistry([ChatMessage, Heartbeat, Resume, StatusEvent]);
const offer = { capabilities: ["delivered"], limits: {}, heartbeat: 30 };

/** In-memory server that follows docs/PROTOCOL.md. Its messages survive `restart`. */
export class ModelServer {
  readonly #members: ReadonlyMap<number, readonly number[]>;
  readonly #rejections: Rejections;
  readonly #chats = new Map<number, (StoredMessage | "deleted")[]>();
  readonly #byClientId = new Map<string, StoredMessage>();
  readonly #readUpTo = new Map<string, number>();
  #connections = new Map<ServerSocket, Connection>();

  constructor(members: ReadonlyMap<number, readonly number[]>, rejections: Rejections) {
    this.#members = members;
    this.#rejections = rejections;
  }

  lastSeq(chatId: number): number {
    return this.#chats.get(chatId)?.length ?? 0;
  }

  stored(chatId: number): ChatMessage[] {
    return (this.#chats.get(chatId) ?? []).flatMap((one) =>
      one === "deleted" ? [] : [one.message],
    );
  }

  /** Returns the seq up to which a user has read a chat. */
  readUpTo(chatId: number, userId: number): number {
    return this.#readUpTo.get(`${chatId} ${userId}`) ?? 0;
  }

  connect(socket: ServerSocket): void {
    this.#connections.set(socket, { socket, channel: undefined });
  }

  disconnect(socket: ServerSocket): void {
    this.#connections.delete(socket);
  }

  restart(): ServerSocket[] {
    const sockets = [...this.#connections.keys()];
    this.#connections = new Map();
    return sockets;
  }

  /** Deletes a message. Its seq stays in use. */
  delete(chatId: number, seq: number): void {
    const chat = this.#chats.get(chatId);
    if (chat?.[seq - 1]) chat[seq - 1] = "deleted";
  }

  receive(socket: ServerSocket, data: Uint8Array, now: number): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined) return;
    if (connection.channel === undefined) {
      this.#acceptHello(connection, data, now);
      return;
    }
    let message: MessageProtocol;
    try {
      message = connection.channel.open(data, now);
    } catch {
      return;
    }
    const parsed = registry.parse(message);
    if (parsed.type === "message") this.#onMessage(connection, parsed.value, now);
    if (parsed.type === "resume") this.#onResume(connection, parsed.value, now);
    if (parsed.type === "status") this.#onStatus(connection, parsed.value, now);
    if (parsed.type === "heartbeat")
      this.#send(connection, Heartbeat, answerHeartbeat(parsed.value, connection.channel), now);
  }

  #acceptHello(connection: Connection, data: Uint8Array, now: number): void {
    try {
      const accepted = acceptHello(data, connection.socket.sessionKey, offer, now);
      connection.channel = accepted.channel;
      connection.socket.send(accepted.frame);
    } catch (error) {
      const isWire = error instanceof LacreError && error.code === "ERR_NO_COMMON_WIRE";
      connection.socket.close(isWire ? CLOSE.noCommonWire : CLOSE.policy);
    }
  }

  #onMessage(from: Connection, message: ChatMessage, now: number): void {
    const { chat_id, client_id, sender_id } = message;
    const reject = (error_code: string, more = {}) =>
      this.#send(
        from,
        ErrorResponse,
        { error_code, error_message: "", details: { client_id, ...more } },
        now,
      );
    const isMember = this.#members.get(chat_id)?.includes(from.socket.user_id);
    if (sender_id !== from.socket.user_id || !isMember || this.#rejections.rejects(message)) {
      return reject("ERR_FORBIDDEN");
    }
    if (this.#rejections.isBusy()) return reject("ERR_RATE_LIMITED", { retry_after: 2 });
    const key = `${chat_id} ${sender_id} ${client_id}`;
    const digest = toHex(messageDigest(message));
    const known = this.#byClientId.get(key);
    if (known !== undefined && known.digest !== digest) return reject("ERR_CLIENT_ID_REUSED");
    const stored = known ?? this.#store(key, message, digest, now);
    const { seq, message_id } = stored.message;
    this.#send(
      from,
      Ack,
      {
        client_id: client_id!,
        chat_id,
        message_id: message_id!,
        seq: seq!,
        stored_at: stored.stored_at,
      },
      now,
    );
    if (known === undefined) this.#fanOut(from, chat_id, ChatMessage, stored.message, now);
  }

  #store(key: string, message: ChatMessage, digest: string, now: number): StoredMessage {
    const chat = this.#chats.get(message.chat_id) ?? [];
    this.#chats.set(message.chat_id, chat);
    const seq = chat.length + 1;
    const stored = {
      message: { ...message, seq, message_id: message.chat_id * 1000 + seq },
      digest,
      stored_at: now,
    };
    chat.push(stored);
    this.#byClientId.set(key, stored);
    return stored;
  }

  #onResume(from: Connection, request: Resume, now: number): void {
    const { chat_id, after, limit } = request;
    if (this.#rejections.isBusy()) {
      const details = { resume: chat_id, retry_after: 2 };
      return this.#send(
        from,
        ErrorResponse,
        { error_code: "ERR_UNAVAILABLE", error_message: "", details },
        now,
      );
    }
    const messages = this.stored(chat_id)
      .filter(({ seq }) => seq! > after)
      .slice(0, limit);
    this.#send(
      from,
      MessageListResponse,
      answerResume(request, { last_seq: this.lastSeq(chat_id), messages }),
      now,
    );
  }

  #onStatus(from: Connection, status: StatusEvent, now: number): void {
    const { chat_id = 0, event_type, user_id, seq = 0 } = status;
    if (event_type === "read" && this.#rejections.isBusy()) {
      const details = { mark: event_type, chat_id, retry_after: 2 };
      const busy = { error_code: "ERR_UNAVAILABLE", error_message: "", details };
      return this.#send(from, ErrorResponse, busy, now);
    }
    const isMember = this.#members.get(chat_id)?.includes(from.socket.user_id);
    if (
      !isMember ||
      statusErrorCode(status, { user_id: from.socket.user_id, last_seq: this.lastSeq(chat_id) })
    )
      return;
    const read = Math.max(seq, this.readUpTo(chat_id, user_id));
    if (event_type === "read") this.#readUpTo.set(`${chat_id} ${user_id}`, read);
    this.#fanOut(from, chat_id, StatusEvent, status, now);
  }

  #fanOut(
    from: Connection,
    chatId: number,
    ...rest: [
      definition: typeof ChatMessage | typeof StatusEvent,
      value: ChatMessage | StatusEvent,
      now: number,
    ]
  ): void {
    const members = this.#members.get(chatId) ?? [];
    for (const connection of this.#connections.values()) {
      if (connection !== from && members.includes(connection.socket.user_id))
        this.#send(connection, ...(rest as [never, never, number]));
    }
  }

  #send(
    connection: Connection,
    definition:
      | never
      | typeof Ack
      | typeof ChatMessage
      | typeof ErrorResponse
      | typeof Heartbeat
      | typeof MessageListResponse
      | typeof StatusEvent,
    value: object,
    now: number,
  ): void {
    const bytes = connection.channel?.encode(
      definition as typeof ChatMessage,
      value as ChatMessage,
      now,
    );
    if (bytes) connection.socket.send(bytes);
  }
}
