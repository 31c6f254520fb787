import { unixNow } from "../../clock.js";
import { AuthResponse } from "../../messages/auth.js";
import { type Ack, ChatMessage } from "../../messages/chat.js";
import { wholeMilliseconds } from "../../messages/chat-message-aad.js";
import { base64, hex, random } from "./codec.js";
import { Connection, type Offer } from "./connection.js";
import { check, checkSame, shown } from "./contract-error.js";
import type { ContractTarget } from "./target.js";

const DEFAULT_TIMEOUT = 10;
const PASSWORD = "correct horse battery";
const POLL_MS = 20;

/** An HTTP response of the server. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
  /** The parsed JSON of the body. Undefined if the body is not JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: a case knows the type of its answer
  readonly body: any;
}

/** Options of an HTTP request. */
export interface RequestOptions {
  readonly token?: string | undefined;
  /** A frame, or a value that is sent as JSON with bytes as base64. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A registered user in a session. */
export interface User {
  readonly id: number;
  readonly name: string;
  readonly token: string;
  readonly refreshToken: string;
  readonly sessionKey: Uint8Array;
}

/** A message, and the server's acknowledgement. */
export interface Sent {
  readonly message: ChatMessage & { readonly client_id: string };
  readonly ack: Ack;
}

/** Returns random key parameters of a chat. The suite derives no key from them. */
export function chatParameters(): { salt: Uint8Array; iterations: number; key_check: Uint8Array } {
  return { salt: random(16), iterations: 600_000, key_check: random(16) };
}

/** The users, chats and connections of one case. */
export class Fixture {
  readonly timeout: number;
  readonly #target: ContractTarget;
  readonly #connections: Connection[] = [];
  readonly #tokens: string[] = [];

  constructor(target: ContractTarget) {
    this.#target = target;
    this.timeout = target.timeout ?? DEFAULT_TIMEOUT;
  }

  /** Returns a username that is not taken. */
  username(): string {
    return this.#target.username?.() ?? hex(random(10));
  }

  /** Sends an HTTP request. */
  async ask(
    method: string,
    path: string,
    { token, body, headers }: RequestOptions = {},
  ): Promise<Answer> {
    const isFrame = body instanceof Uint8Array;
    const type = isFrame ? "application/msgpack" : "application/json";
    const response = await this.#target.fetch(path, {
      method,
      headers: {
        ...(body !== undefined && { "content-type": type }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body !== undefined && { body: isFrame ? (body as BodyInit) : toJson(body) }),
      signal: AbortSignal.timeout(this.timeout * 1000),
    });
    const bytes = new Uint8Array(await response.arrayBuffer());
    return { status: response.status, headers: response.headers, bytes, body: fromJson(bytes) };
  }

  /** Sends an HTTP request, and throws ContractError if the answer has another status. */
  async expectStatus(
    method: string,
    path: string,
    status: number,
    options?: RequestOptions,
  ): Promise<Answer> {
    const answer = await this.ask(method, path, options);
    const received = `${answer.status} ${shown(answer.body)}`;
    check(answer.status === status, `${method} ${path} to be answered with ${status}`, received);
    return answer;
  }

  /** Sends an HTTP request, and throws ContractError unless the answer is an error with this status (H-1). */
  async expectError(
    method: string,
    path: string,
    status: number,
    options?: RequestOptions,
  ): Promise<string> {
    const { body } = await this.expectStatus(method, path, status, options);
    const code: unknown = body?.error_code;
    check(typeof code === "string", "a rejection to have the payload of error as its body", body);
    return code;
  }

  /** Registers a new user. */
  async user(): Promise<User> {
    const username = this.username();
    const body = { username, password: PASSWORD };
    return this.userOf((await this.expectStatus("POST", "/auth/register", 201, { body })).body);
  }

  /** Logs a user in to another session. */
  async loginAgain({ name: username }: User): Promise<User> {
    const body = { username, password: PASSWORD };
    return this.userOf((await this.expectStatus("POST", "/auth/login", 200, { body })).body);
  }

  get password(): string {
    return PASSWORD;
  }

  /** Returns the user of an `auth_response`. */
  userOf(body: unknown): User {
    const result = AuthResponse.safeParse(body);
    check(result.success, "the payload of auth_response", body);
    const { user_id, username, access_token, refresh_token, session_key } = result.value;
    const isWhole = user_id && username && access_token && refresh_token && session_key;
    check(
      Boolean(isWhole),
      "user_id, username, both tokens and session_key",
      Object.keys(body as object),
    );
    this.#tokens.push(access_token!);
    return {
      id: user_id!,
      name: username!,
      token: access_token!,
      refreshToken: refresh_token!,
      sessionKey: session_key!,
    };
  }

  /** Creates a chat that the peer accepts. Returns its id. */
  async chat(creator: User, peer: User): Promise<number> {
    const chat_id = await this.request(creator, peer);
    await this.contact(peer, chat_id, "accept");
    return chat_id;
  }

  /** Creates a chat that the peer has not accepted yet. Returns its id. */
  async request(creator: User, peer: User): Promise<number> {
    const body = { peer_name: peer.name, encryption_type: "lacre/e2e/1", ...chatParameters() };
    const answer = await this.expectStatus("POST", "/chats", 201, { token: creator.token, body });
    return answer.body.chat_id;
  }

  /** Accepts, blocks or unblocks the other member of a chat. Returns the entry of `chat_list` from the answer. */
  async contact({ token }: User, chat_id: number, action: "accept" | "block" | "unblock") {
    const path = `/chats/${chat_id}/contact`;
    return (await this.expectStatus("POST", path, 200, { token, body: { action } })).body;
  }

  /** Registers two users with an accepted chat. */
  async pair(): Promise<{ readonly alice: User; readonly bob: User; readonly chat_id: number }> {
    const [alice, bob] = await Promise.all([this.user(), this.user()]);
    return { alice, bob, chat_id: await this.chat(alice, bob) };
  }

  /** Starts to open a WebSocket at a path. The server may reject it. */
  openAt(path: string, { sessionKey }: User): Connection {
    const connection = new Connection(this.#target.connect(path), sessionKey, this.timeout);
    this.#connections.push(connection);
    return connection;
  }

  /** Requests a ticket for a WebSocket. */
  async ticket({ token }: User): Promise<string> {
    return (await this.expectStatus("POST", "/auth/ws-ticket", 200, { token })).body.ticket;
  }

  /** Opens a WebSocket, and sends nothing on it. */
  async open(user: User): Promise<Connection> {
    const ticket = encodeURIComponent(await this.ticket(user));
    const connection = this.openAt(`/ws?ticket=${ticket}`, user);
    check(await connection.opens(), "a WebSocket with a ticket to open", "its end");
    return connection;
  }

  /** Opens a connection, completes the handshake, and confirms the keys with a first frame (S-24). */
  async connect(user: User, offer?: Offer): Promise<Connection> {
    const connection = await this.open(user);
    await connection.handshake(offer);
    await connection.confirm();
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

  /** Sends a message, and waits for its acknowledgement. */
  async send(connection: Connection, message: Sent["message"]): Promise<Sent> {
    connection.send("message", message);
    return { message, ack: await this.ackOf(connection, message) };
  }

  async ackOf(connection: Connection, { client_id }: { readonly client_id: string }): Promise<Ack> {
    const isExpected = (ack: Ack) => ack.client_id === client_id;
    return (await connection.next("ack", `for client_id ${client_id}`, isExpected)).value;
  }

  /**
   * Sends messages, and waits until they can be read. Another case tests whether they can be read immediately after their
   * acknowledgement.
   */
  async sendMany(connection: Connection, user: User, chat_id: number, count: number, fields = {}) {
    const sent: Sent[] = [];
    for (let at = 0; at < count; at++) {
      sent.push(await this.send(connection, this.message(chat_id, user, fields)));
    }
    const last = sent.at(-1)!.message.client_id;
    const deadline = unixNow() + this.timeout;
    for (;;) {
      const stored = await this.stored(user, chat_id);
      if (stored.some(({ client_id }) => client_id === last)) return sent;
      check(unixNow() < deadline, `a message to be there ${this.timeout} s after its ack`, stored);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Returns the last page of a chat, which is all of the few messages of a case. */
  async stored({ token }: User, chat_id: number): Promise<ChatMessage[]> {
    const path = `/chats/${chat_id}/messages?before=${Number.MAX_SAFE_INTEGER}`;
    const { body } = await this.expectStatus("GET", path, 200, { token });
    check(Array.isArray(body?.messages), "a list of messages", body);
    return body.messages.map((one: unknown) => ChatMessage.parse(one));
  }

  /** Throws ContractError unless a chat has `count` messages. */
  async expectStored(user: User, chat_id: number, count: number): Promise<void> {
    const stored = await this.stored(user, chat_id);
    checkSame("the number of stored messages", stored.length, count);
  }

  /** Closes all connections, and ends all sessions. */
  async cleanUp(): Promise<void> {
    for (const connection of this.#connections) connection.end();
    const ends = this.#tokens.map((token) => this.ask("POST", "/auth/logout", { token }));
    await Promise.allSettled(ends);
  }
}

/** Returns a random UUID (RFC 9562, version 4). */
export function randomUuid(): string {
  return crypto.randomUUID();
}

function toJson(value: unknown): string {
  if (typeof value === "string") return value;
  return JSON.stringify(value, (_, inner) => (inner instanceof Uint8Array ? base64(inner) : inner));
}

function fromJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
