import type { ChatMessage } from "../../src/index.js";
import {
  acceptConnection,
  type MessagePage,
  type MessageStore,
  memoryStore,
  RejectionError,
  type ServerConnection,
} from "../../src/server/index.js";

/** The server's end of a socket. */
export interface ServerSocket {
  readonly user_id: number;
  readonly sessionKey: Uint8Array;
  send(bytes: Uint8Array): void;
  close(code: number): void;
}

/** Decides which requests the server rejects. */
export interface Rejections {
  /** Whether to reject a message, a resume or a receipt temporarily. */
  isBusy(): boolean;
  /** Whether to reject a message finally. */
  rejects(message: ChatMessage): boolean;
}

/** The connections of the library on a store in memory, which survives `restart` and loses deleted messages. */
export class ModelServer {
  readonly #members: ReadonlyMap<number, readonly number[]>;
  readonly #rejections: Rejections;
  readonly #now: () => number;
  readonly #stored: MessageStore;
  readonly #deleted = new Set<string>();
  #connections = new Map<ServerSocket, ServerConnection>();

  constructor(
    members: ReadonlyMap<number, readonly number[]>,
    rejections: Rejections,
    now: () => number = () => Date.now() / 1000,
  ) {
    this.#members = members;
    this.#rejections = rejections;
    this.#now = now;
    this.#stored = memoryStore({ members: (chatId) => members.get(chatId), now });
  }

  lastSeq(chatId: number): number {
    return this.#page(chatId).last_seq;
  }

  stored(chatId: number): readonly ChatMessage[] {
    return this.#page(chatId).messages;
  }

  /** Returns the seq up to which a user has read a chat. */
  readUpTo(chatId: number, userId: number): number {
    const { receipts } = this.#stored.findChat(userId, chatId) as Exclude<
      Awaited<ReturnType<MessageStore["findChat"]>>,
      undefined
    >;
    const isRead = receipts.find(
      ({ event_type, user_id }) => event_type === "read" && user_id === userId,
    );
    return isRead?.seq ?? 0;
  }

  connect(socket: ServerSocket): void {
    const { user_id, sessionKey: session_key } = socket;
    const connection: ServerConnection = acceptConnection({
      session: { session_key, user_id },
      store: this.#store(),
      send: (bytes) => socket.send(bytes),
      close: (code) => socket.close(code),
      now: this.#now,
      onStored: (message) => {
        for (const one of this.#others(message.chat_id, connection)) one.deliver(message);
      },
      onStatus: (status) => {
        for (const one of this.#others(status.chat_id!, connection)) one.deliverStatus(status);
      },
    });
    this.#connections.set(socket, connection);
  }

  disconnect(socket: ServerSocket): void {
    this.#connections.get(socket)?.closed();
    this.#connections.delete(socket);
  }

  restart(): ServerSocket[] {
    const sockets = [...this.#connections.keys()];
    for (const socket of sockets) this.disconnect(socket);
    return sockets;
  }

  /** Deletes a message. Its seq stays in use. */
  delete(chatId: number, seq: number): void {
    this.#deleted.add(`${chatId} ${seq}`);
  }

  /** Resolves when the frame is handled. */
  async receive(socket: ServerSocket, data: Uint8Array): Promise<void> {
    await this.#connections.get(socket)?.receive(data);
  }

  #others(chatId: number, from: ServerConnection): ServerConnection[] {
    const members = this.#members.get(chatId) ?? [];
    return [...this.#connections.values()].filter(
      (one) => one !== from && members.includes(one.user_id),
    );
  }

  /** Returns all messages of a chat that are not deleted. The store in memory returns no promises. */
  #page(chatId: number): MessagePage {
    const [member = 0] = this.#members.get(chatId)!;
    const query = { chat_id: chatId, after: 0, limit: 1e6, maxBytes: 1e9 };
    return this.#withoutDeleted(chatId, this.#stored.list(member, query) as MessagePage);
  }

  /** Returns the store with the faults of the server. */
  #store(): MessageStore {
    const stored = this.#stored;
    return {
      add: (message) => {
        if (this.#rejections.rejects(message)) throw new RejectionError("ERR_FORBIDDEN", "");
        this.#failIfBusy();
        return stored.add(message);
      },
      list: async (userId, query) => {
        this.#failIfBusy();
        const page = await stored.list(userId, query);
        return page && this.#withoutDeleted(query.chat_id, page);
      },
      findChat: (userId, chatId) => stored.findChat(userId, chatId),
      addReceipt: (receipt) => {
        this.#failIfBusy();
        return stored.addReceipt(receipt);
      },
    };
  }

  #failIfBusy(): void {
    if (!this.#rejections.isBusy()) return;
    if (this.#rejections.isBusy()) throw new Error("a failure of the store");
    throw new RejectionError("ERR_RATE_LIMITED", "", { retry_after: 2 });
  }

  #withoutDeleted(chatId: number, page: MessagePage): MessagePage {
    const through = page.messages.at(-1)?.seq ?? page.last_seq;
    const messages = page.messages.filter(({ seq }) => !this.#deleted.has(`${chatId} ${seq}`));
    return { ...page, messages, through };
  }
}
