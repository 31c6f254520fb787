import {
  Ack,
  ChatMessage,
  createRegistry,
  ErrorResponse,
  Heartbeat,
  MessageListResponse,
  type MessageProtocol,
  Resume,
  StatusEvent,
} from "../../src/index.js";
import {
  acceptHello,
  answerResume,
  bodyDigest,
  type Channel,
  CLOSE,
  markRefusal,
} from "../../src/session/index.js";
import { toHex } from "../support/hex.js";

/** How a server's end of a connection is reached. */
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

/** Faults of a server that is not itself at fault: it is busy, or it takes some messages from nobody. */
export interface Moods {
  /** Whether to answer a message, or a resume, with "later". */
  isBusy(): boolean;
  /** Whether a message is refused for good. */
  refuses(message: ChatMessage): boolean;
}

const registry = createRegistry([ChatMessage, Heartbeat, Resume, StatusEvent]);
const offer = { capabilities: ["delivered"], limits: {}, heartbeat: 30 };

/** A server as docs/PROTOCOL.md has it, without disk and sockets. What it has stored outlives its restarts. */
export class ModelServer {
  readonly #members: ReadonlyMap<number, readonly number[]>;
  readonly #moods: Moods;
  readonly #chats = new Map<number, (StoredMessage | "deleted")[]>();
  readonly #byClientId = new Map<string, StoredMessage>();
  #connections = new Map<ServerSocket, Connection>();

  constructor(members: ReadonlyMap<number, readonly number[]>, moods: Moods) {
    this.#members = members;
    this.#moods = moods;
  }

  lastSeq(chatId: number): number {
    return this.#chats.get(chatId)?.length ?? 0;
  }

  stored(chatId: number): ChatMessage[] {
    return (this.#chats.get(chatId) ?? []).flatMap((one) =>
      one === "deleted" ? [] : [one.message],
    );
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

  /** Auto-delete: the message is gone, its seq is not. */
  delete(chatId: number, seq: number): void {
    const chat = this.#chats.get(chatId);
    if (chat?.[seq - 1]) chat[seq - 1] = "deleted";
  }

  receive(socket: ServerSocket, data: Uint8Array, now: number): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined) return;
    if (connection.channel === undefined) {
      this.#greet(connection, data, now);
      return;
    }
    let message: MessageProtocol;
    try {
      message = connection.channel.open(data, now);
    } catch {
      return;
    }
    const parsed = registry.parse(message);
    if (parsed.type === "message") this.#take(connection, parsed.value, now);
    if (parsed.type === "resume") this.#resume(connection, parsed.value, now);
    if (parsed.type === "status") this.#mark(connection, parsed.value, now);
    if (parsed.type === "heartbeat") this.#send(connection, Heartbeat, parsed.value, now);
  }

  #greet(connection: Connection, data: Uint8Array, now: number): void {
    try {
      const accepted = acceptHello(data, connection.socket.sessionKey, offer, now);
      if (accepted === undefined) return connection.socket.close(CLOSE.noCommonWire);
      connection.channel = accepted.channel;
      connection.socket.send(accepted.frame);
    } catch {
      connection.socket.close(CLOSE.policy);
    }
  }

  #take(from: Connection, message: ChatMessage, now: number): void {
    const { chat_id, client_id, sender_id } = message;
    const refuse = (error_code: string, more = {}) =>
      this.#send(
        from,
        ErrorResponse,
        { error_code, error_message: "", details: { client_id, ...more } },
        now,
      );
    const isMember = this.#members.get(chat_id)?.includes(from.socket.user_id);
    if (sender_id !== from.socket.user_id || !isMember || this.#moods.refuses(message)) {
      return refuse("ERR_FORBIDDEN");
    }
    if (this.#moods.isBusy()) return refuse("ERR_RATE_LIMITED", { retry_after: 2 });
    const key = `${chat_id} ${sender_id} ${client_id}`;
    const digest = toHex(bodyDigest(message));
    const known = this.#byClientId.get(key);
    if (known !== undefined && known.digest !== digest) return refuse("ERR_CLIENT_ID_REUSED");
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

  #resume(from: Connection, request: Resume, now: number): void {
    const { chat_id, after, limit } = request;
    if (this.#moods.isBusy()) {
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

  #mark(from: Connection, status: StatusEvent, now: number): void {
    const { chat_id = 0 } = status;
    const isMember = this.#members.get(chat_id)?.includes(from.socket.user_id);
    if (
      !isMember ||
      markRefusal(status, { user_id: from.socket.user_id, last_seq: this.lastSeq(chat_id) })
    )
      return;
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
