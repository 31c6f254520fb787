import { encodeBase64, encodeHex, encodeUuid } from "../../bytes.js";
import { unixNow } from "../../clock.js";
import { randomBytes } from "../../crypto/random.js";
import { AuthResponse } from "../../messages/auth.js";
import { type Ack, ChatMessage } from "../../messages/chat.js";
import { wholeMilliseconds } from "../../messages/chat-message-aad.js";
import { Connection, type Offer } from "./connection.js";
import { check, checkSame, shown } from "./failure.js";
import type { ContractTarget } from "./target.js";

const DEFAULT_TIMEOUT = 10;
const PASSWORD = "correct horse battery";
const POLL_MS = 20;

/** What a server answered over HTTP. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
  /** The JSON of the body; undefined where it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: a case knows what it asks for
  readonly body: any;
}

/** What a request has besides its address. */
export interface Asked {
  readonly token?: string | undefined;
  /** A value that becomes JSON, in which bytes are base64; or a frame. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Somebody who is registered, in a session. */
export interface User {
  readonly id: number;
  readonly name: string;
  readonly token: string;
  readonly refreshToken: string;
  readonly sessionKey: Uint8Array;
}

/** A message that a server acknowledged. */
export interface Sent {
  readonly message: ChatMessage & { readonly client_id: string };
  readonly ack: Ack;
}

/** What the chat's creator leaves with the server; the suite derives no key from it. */
export function chatParameters(): { salt: Uint8Array; iterations: number; key_check: Uint8Array } {
  return { salt: randomBytes(16), iterations: 600_000, key_check: randomBytes(16) };
}

/** Where one case plays: its own users, chats and connections at a server, which it leaves again. */
export class Stage {
  readonly timeout: number;
  readonly #target: ContractTarget;
  readonly #connections: Connection[] = [];
  readonly #tokens: string[] = [];

  constructor(target: ContractTarget) {
    this.#target = target;
    this.timeout = target.timeout ?? DEFAULT_TIMEOUT;
  }

  /** A username that nobody has. */
  username(): string {
    return this.#target.username?.() ?? encodeHex(randomBytes(10));
  }

  async ask(method: string, path: string, { token, body, headers }: Asked = {}): Promise<Answer> {
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

  /** Asks for what is to be granted. Throws ContractFailure where it is not. */
  async granted(method: string, path: string, status: number, asked?: Asked): Promise<Answer> {
    const answer = await this.ask(method, path, asked);
    const came = `${answer.status} ${shown(answer.body)}`;
    check(answer.status === status, `${method} ${path} to be answered with ${status}`, came);
    return answer;
  }

  /** Asks for what is to be refused, in the way that every refusal has (H-1). Throws ContractFailure where it is not. */
  async refused(method: string, path: string, status: number, asked?: Asked): Promise<string> {
    const { body } = await this.granted(method, path, status, asked);
    const code: unknown = body?.error_code;
    check(typeof code === "string", "a refusal to have the payload of error as its body", body);
    return code;
  }

  /** Registers somebody new. */
  async user(): Promise<User> {
    const username = this.username();
    const body = { username, password: PASSWORD };
    return this.userOf((await this.granted("POST", "/auth/register", 201, { body })).body);
  }

  /** Somebody in a session of their own more. */
  async loginAgain({ name: username }: User): Promise<User> {
    const body = { username, password: PASSWORD };
    return this.userOf((await this.granted("POST", "/auth/login", 200, { body })).body);
  }

  get password(): string {
    return PASSWORD;
  }

  /** Whom an answer lets in. */
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

  /** A chat of two; its id. */
  async chat(creator: User, peer: User): Promise<number> {
    const body = { peer_name: peer.name, encryption_type: "lacre/e2e/1", ...chatParameters() };
    const answer = await this.granted("POST", "/chats", 201, { token: creator.token, body });
    return answer.body.chat_id;
  }

  /** Alice and bob, who have a chat. */
  async pair(): Promise<{ readonly alice: User; readonly bob: User; readonly chat_id: number }> {
    const [alice, bob] = await Promise.all([this.user(), this.user()]);
    return { alice, bob, chat_id: await this.chat(alice, bob) };
  }

  /** A WebSocket at an address, which may not open. */
  dialAt(path: string, { sessionKey }: User): Connection {
    const connection = new Connection(this.#target.connect(path), sessionKey, this.timeout);
    this.#connections.push(connection);
    return connection;
  }

  /** A ticket for one WebSocket. */
  async ticket({ token }: User): Promise<string> {
    return (await this.granted("POST", "/auth/ws-ticket", 200, { token })).body.ticket;
  }

  /** A WebSocket on which nothing was said yet. */
  async dial(user: User): Promise<Connection> {
    const ticket = encodeURIComponent(await this.ticket(user));
    const connection = this.dialAt(`/ws?ticket=${ticket}`, user);
    check(await connection.opens(), "a WebSocket with a ticket to open", "its end");
    return connection;
  }

  /** A connection that was welcomed. */
  async connect(user: User, offer?: Offer): Promise<Connection> {
    const connection = await this.dial(user);
    await connection.greet(offer);
    return connection;
  }

  /** A message such as a client encrypts. */
  message(
    chat_id: number,
    { id: sender_id }: Pick<User, "id">,
    fields: Partial<Sent["message"]> = {},
  ): Sent["message"] {
    return {
      chat_id,
      sender_id,
      content: randomBytes(144),
      nonce: randomBytes(12),
      timestamp: wholeMilliseconds(unixNow()) / 1000,
      client_id: randomUuid(),
      ...fields,
    };
  }

  /** Sends a message and takes its acknowledgement. */
  async send(connection: Connection, message: Sent["message"]): Promise<Sent> {
    connection.send(ChatMessage, message);
    return { message, ack: await this.ackOf(connection, message) };
  }

  async ackOf(connection: Connection, { client_id }: { readonly client_id: string }): Promise<Ack> {
    const isMeant = (ack: Ack) => ack.client_id === client_id;
    return (await connection.next("ack", `for client_id ${client_id}`, isMeant)).value;
  }

  /**
   * Sends some messages that a case goes on with, and waits until they can be read: whether they can be as soon as they
   * are acknowledged is another case's question.
   */
  async converse(connection: Connection, user: User, chat_id: number, count: number, fields = {}) {
    const sent: Sent[] = [];
    for (let at = 0; at < count; at++) {
      sent.push(await this.send(connection, this.message(chat_id, user, fields)));
    }
    const last = sent.at(-1)!.message.client_id;
    const giveUpAt = unixNow() + this.timeout;
    for (;;) {
      const stored = await this.stored(user, chat_id);
      if (stored.some(({ client_id }) => client_id === last)) return sent;
      check(unixNow() < giveUpAt, `a message to be there ${this.timeout} s after its ack`, stored);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** The last messages of a chat, of which a case has few. */
  async stored({ token }: User, chat_id: number): Promise<ChatMessage[]> {
    const path = `/chats/${chat_id}/messages?before=${Number.MAX_SAFE_INTEGER}`;
    const { body } = await this.granted("GET", path, 200, { token });
    check(Array.isArray(body?.messages), "a list of messages", body);
    return body.messages.map((one: unknown) => ChatMessage.parse(one));
  }

  /** Throws ContractFailure where a chat has other messages than so many. */
  async holds(user: User, chat_id: number, count: number): Promise<void> {
    const stored = await this.stored(user, chat_id);
    checkSame("the number of stored messages", stored.length, count);
  }

  /** Closes what is open, and ends the sessions. */
  async leave(): Promise<void> {
    for (const connection of this.#connections) connection.end();
    const ends = this.#tokens.map((token) => this.ask("POST", "/auth/logout", { token }));
    await Promise.allSettled(ends);
  }
}

/** A random UUID of version 4. */
export function randomUuid(): string {
  const bytes = randomBytes(16);
  bytes[6] = 0x40 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  return encodeUuid(bytes);
}

function toJson(value: unknown): string {
  if (typeof value === "string") return value;
  return JSON.stringify(value, (_, inner) =>
    inner instanceof Uint8Array ? encodeBase64(inner) : inner,
  );
}

function fromJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
