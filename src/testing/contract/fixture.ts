import { unixNow } from "../../clock.js";
import type { Ack, ChatMessage } from "../../messages/chat.js";
import { wholeMilliseconds } from "../../messages/chat-message-aad.js";
import type { Accounts, User } from "./accounts.js";
import { random } from "./codec.js";
import { Connection, type Offer } from "./connection.js";
import { check, checkSame, stepOf } from "./contract-error.js";
import type { Exchange } from "./exchange.js";
import { STEPS } from "./steps.js";
import type { ContractSocket } from "./target.js";

const POLL_MS = 20;
const PAGE = 1000;

/** A message, and the server's acknowledgement. */
export interface Sent {
  readonly message: ChatMessage & { readonly client_id: string };
  readonly ack: Ack;
}

export interface FixtureOptions {
  /** Timeout of an answer, in seconds. */
  readonly timeout: number;
  readonly exchange: Exchange;
}

/** The users, chats and connections of one case. */
export class Fixture<Someone extends User = User> {
  readonly timeout: number;
  readonly #accounts: Accounts<Someone>;
  readonly #exchange: Exchange;
  readonly #connections: Connection[] = [];

  constructor(accounts: Accounts<Someone>, { timeout, exchange }: FixtureOptions) {
    this.#accounts = accounts;
    this.timeout = timeout;
    this.#exchange = exchange;
  }

  /** Creates a user. */
  user(): Promise<Someone> {
    return this.#accounts.create();
  }

  /** Creates a chat in which both users may write. Returns its id. */
  chat(creator: Someone, peer: Someone): Promise<number> {
    return this.#accounts.createChat(creator, peer);
  }

  /** Creates two users with a chat in which both may write. */
  async pair(): Promise<{
    readonly alice: Someone;
    readonly bob: Someone;
    readonly chat_id: number;
  }> {
    const [alice, bob] = await Promise.all([this.user(), this.user()]);
    return { alice, bob, chat_id: await this.chat(alice, bob) };
  }

  /** Returns a connection on a WebSocket, which is closed at the end of the case. */
  protected connectionOn(socket: ContractSocket, { id, sessionKey }: User): Connection {
    const name = `connection ${this.#connections.length + 1} of user ${id}`;
    const record = (text: string) => this.#exchange.add(`${name} ${text}`);
    const connection = new Connection(socket, { sessionKey, timeout: this.timeout, record });
    this.#connections.push(connection);
    return connection;
  }

  /** Opens a WebSocket, and sends nothing on it. */
  open(user: Someone): Promise<Connection> {
    return stepOf(this.#accounts.opening, async () => {
      const connection = this.connectionOn(await user.connect(), user);
      check(await connection.opens(), "the WebSocket of a user to open", "its end");
      return connection;
    });
  }

  /** Completes the handshake on a connection. */
  async handshake(connection: Connection, offer?: Offer): Promise<void> {
    await stepOf(STEPS.handshake, () => connection.handshake(offer));
  }

  /** Opens a connection, completes the handshake, and confirms the keys with a first frame (S-24). */
  async connect(user: Someone, offer?: Offer): Promise<Connection> {
    const connection = await this.open(user);
    await this.handshake(connection, offer);
    await stepOf(STEPS.heartbeat, () => connection.confirm());
    return connection;
  }

  /** Returns a message with random content. */
  message(
    chat_id: number,
    { id: sender_id }: Pick<User, "id">,
    fields: Partial<Sent["message"]> = {},
  ): Sent["message"] {
    return {
      chat_id,
      sender_id,
      content: random(144),
      nonce: random(12),
      timestamp: wholeMilliseconds(unixNow()) / 1000,
      client_id: randomUuid(),
      ...fields,
    };
  }

  /** Sends a message, and waits for its acknowledgement, as a step of the case. */
  async send(connection: Connection, message: Sent["message"]): Promise<Sent> {
    const ack = await stepOf(STEPS.send, () => this.ackFor(connection, message));
    return { message, ack };
  }

  /** Sends a message, and returns its acknowledgement, which the case tests. */
  ackFor(connection: Connection, message: Sent["message"]): Promise<Ack> {
    connection.send("message", message);
    return this.ackOf(connection, message);
  }

  /** Waits for the next message that is delivered to a connection, as a step of the case. */
  async delivered(connection: Connection): Promise<ChatMessage> {
    return (await stepOf(STEPS.deliver, () => connection.next("message"))).value;
  }

  /** Waits for the acknowledgement of a message. */
  async ackOf(connection: Connection, { client_id }: { readonly client_id: string }): Promise<Ack> {
    const isExpected = (ack: Ack) => ack.client_id === client_id;
    return (await connection.next("ack", `for client_id ${client_id}`, isExpected)).value;
  }

  /**
   * Sends messages, and waits until they can be read. Another case tests whether they can be read immediately after their
   * acknowledgement.
   */
  async sendMany(
    connection: Connection,
    user: Someone,
    chat_id: number,
    count: number,
    fields = {},
  ) {
    const sent: Sent[] = [];
    for (let at = 0; at < count; at++) {
      sent.push(await this.send(connection, this.message(chat_id, user, fields)));
    }
    const last = sent.at(-1)!.message.client_id;
    const deadline = unixNow() + this.timeout;
    const isThere = ({ client_id }: ChatMessage) => client_id === last;
    await stepOf(STEPS.read, async () => {
      for (;;) {
        const stored = await this.stored(user, chat_id);
        if (stored.some(isThere)) return;
        const expected = `a message to be there ${this.timeout} s after its ack`;
        check(unixNow() < deadline, expected, stored);
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    });
    return sent;
  }

  /** Returns all messages of a chat. */
  stored(user: Someone, chat_id: number): Promise<ChatMessage[]> {
    return stepOf(STEPS.resume, () => this.#resumeAll(user, chat_id));
  }

  async #resumeAll(user: Someone, chat_id: number): Promise<ChatMessage[]> {
    const connection = await this.connect(user);
    const stored: ChatMessage[] = [];
    for (let after = 0; ; ) {
      connection.send("resume", { chat_id, after, limit: PAGE });
      const { messages, has_more } = (await connection.next("message_list")).value;
      stored.push(...messages);
      const last = stored.at(-1)?.seq ?? 0;
      if (!has_more || last <= after) break;
      after = last;
    }
    connection.end();
    return stored;
  }

  /** Throws ContractError unless a chat has `count` messages. */
  async expectStored(user: Someone, chat_id: number, count: number): Promise<void> {
    const stored = await this.stored(user, chat_id);
    checkSame("the number of stored messages", stored.length, count);
  }

  /** Closes all connections, and ends all sessions. */
  async cleanUp(): Promise<void> {
    for (const connection of this.#connections) connection.end();
    await this.#accounts.end();
  }
}

/** Returns a random UUID (RFC 9562, version 4). */
export function randomUuid(): string {
  return crypto.randomUUID();
}
