import { invalidArgument } from "../../arguments.js";
import { AuthResponse } from "../../messages/auth.js";
import { type Accounts, isId, type User } from "./accounts.js";
import { base64, hex, random } from "./codec.js";
import { check, stepOf } from "./contract-error.js";
import { type Exchange, shown, shownFrame, shownPath } from "./exchange.js";
import { STEPS } from "./steps.js";
import type { ContractSocket, ContractTarget } from "./target.js";

const PASSWORD = "correct horse battery";

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

/** A user who was registered over HTTP, in a session. */
export interface HttpUser extends User {
  readonly name: string;
  readonly token: string;
  readonly refreshToken: string;
}

type HttpTarget = ContractTarget & Required<Pick<ContractTarget, "fetch" | "connect">>;

/** Returns random key parameters of a chat. The suite derives no key from them. */
export function chatParameters(): { salt: Uint8Array; iterations: number; key_check: Uint8Array } {
  return { salt: random(16), iterations: 600_000, key_check: random(16) };
}

/** Creates users and chats with the endpoints of docs/PROTOCOL.md, section 12. */
export class HttpAccounts implements Accounts<HttpUser> {
  readonly password = PASSWORD;
  readonly opening = STEPS.openWithTicket;
  readonly #target: HttpTarget;
  readonly #timeout: number;
  readonly #exchange: Exchange;
  readonly #tokens: string[] = [];

  /** @throws {ValidationError} if the target cannot send requests or open WebSockets. */
  constructor(target: ContractTarget, timeout: number, exchange: Exchange) {
    for (const name of ["fetch", "connect"] as const) {
      if (typeof target[name] !== "function") throw invalidArgument(`target.${name}`, NEEDED);
    }
    this.#target = target as HttpTarget;
    this.#timeout = timeout;
    this.#exchange = exchange;
  }

  /** Returns a username that is not taken. */
  username(): string {
    return this.#target.username?.() ?? hex(random(10));
  }

  /** Sends an HTTP request, and records it with its answer. */
  async ask(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const request = `${method} ${shownPath(path)}${shownOptions(options)}`;
    try {
      const answer = await this.#ask(method, path, options);
      this.#exchange.add(`${request} -> ${answer.status} ${shownBody(answer)}`);
      return answer;
    } catch (error) {
      this.#exchange.add(`${request} -> no answer: ${(error as Error).message}`);
      throw error;
    }
  }

  async #ask(
    method: string,
    path: string,
    { token, body, headers }: RequestOptions,
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
      signal: AbortSignal.timeout(this.#timeout * 1000),
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

  create(): Promise<HttpUser> {
    return stepOf(STEPS.register, async () => {
      const body = { username: this.username(), password: PASSWORD };
      return this.userOf((await this.expectStatus("POST", "/auth/register", 201, { body })).body);
    });
  }

  /** Returns the user of an `auth_response`. */
  userOf(body: unknown): HttpUser {
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
    const user: HttpUser = {
      id: user_id!,
      name: username!,
      token: access_token!,
      refreshToken: refresh_token!,
      sessionKey: session_key!,
      connect: async () =>
        this.connect(`/ws?ticket=${encodeURIComponent(await this.ticket(user))}`),
    };
    return user;
  }

  async createChat(creator: HttpUser, peer: HttpUser): Promise<number> {
    const chat_id = await this.request(creator, peer);
    await stepOf(STEPS.accept, () => this.contact(peer, chat_id, "accept"));
    return chat_id;
  }

  /** Creates a chat that the peer has not accepted yet. Returns its id. */
  request(creator: HttpUser, peer: HttpUser): Promise<number> {
    return stepOf(STEPS.createChat, async () => {
      const body = { peer_name: peer.name, encryption_type: "lacre/e2e/1", ...chatParameters() };
      const answer = await this.expectStatus("POST", "/chats", 201, { token: creator.token, body });
      const id: unknown = answer.body?.chat_id;
      check(isId(id), "an entry of chat_list with a chat_id", answer.body);
      return id;
    });
  }

  /** Accepts, blocks or unblocks the other member of a chat. Returns the entry of `chat_list` from the answer. */
  async contact({ token }: HttpUser, chat_id: number, action: "accept" | "block" | "unblock") {
    const path = `/chats/${chat_id}/contact`;
    return (await this.expectStatus("POST", path, 200, { token, body: { action } })).body;
  }

  /** Requests a ticket for a WebSocket. */
  ticket({ token }: HttpUser): Promise<string> {
    return stepOf(STEPS.ticket, async () => {
      const { body } = await this.expectStatus("POST", "/auth/ws-ticket", 200, { token });
      check(typeof body?.ticket === "string", "an answer with a ticket", body);
      return body.ticket;
    });
  }

  /** Opens a WebSocket at a path. */
  connect(path: string): ContractSocket {
    return this.#target.connect(path);
  }

  async end(): Promise<void> {
    const ends = this.#tokens.map((token) => this.ask("POST", "/auth/logout", { token }));
    await Promise.allSettled(ends);
  }
}

const NEEDED =
  "must be a function for cases of part http, and for other cases without target.users";

/** Formats the credential and the body of a request. Of a token it shows the end, which tells it from others. */
function shownOptions({ token, body, headers }: RequestOptions): string {
  const authorization = token === undefined ? "" : ` [Bearer …${token.slice(20).slice(-4)}]`;
  const others = headers === undefined ? "" : ` ${shown(headers)}`;
  if (body === undefined) return authorization + others;
  return `${authorization}${others} ${body instanceof Uint8Array ? shownFrame(body) : shown(body)}`;
}

function shownBody({ bytes, body }: Answer): string {
  return body === undefined ? shownFrame(bytes) : shown(body);
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
