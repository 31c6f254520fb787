import { invalidArgument } from "../../arguments.js";
import { AuthResponse } from "../../messages/auth.js";
import type { Accounts, User } from "./accounts.js";
import { base64, hex, random } from "./codec.js";
import { check, shown } from "./contract-error.js";
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
  readonly #target: HttpTarget;
  readonly #timeout: number;
  readonly #tokens: string[] = [];

  /** @throws {ValidationError} if the target cannot send requests or open WebSockets. */
  constructor(target: ContractTarget, timeout: number) {
    for (const name of ["fetch", "connect"] as const) {
      if (typeof target[name] !== "function") throw invalidArgument(`target.${name}`, NEEDED);
    }
    this.#target = target as HttpTarget;
    this.#timeout = timeout;
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

  /** Registers a new user. */
  async create(): Promise<HttpUser> {
    const body = { username: this.username(), password: PASSWORD };
    return this.userOf((await this.expectStatus("POST", "/auth/register", 201, { body })).body);
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

  /** Creates a chat that the peer accepts. Returns its id. */
  async createChat(creator: HttpUser, peer: HttpUser): Promise<number> {
    const chat_id = await this.request(creator, peer);
    await this.contact(peer, chat_id, "accept");
    return chat_id;
  }

  /** Creates a chat that the peer has not accepted yet. Returns its id. */
  async request(creator: HttpUser, peer: HttpUser): Promise<number> {
    const body = { peer_name: peer.name, encryption_type: "lacre/e2e/1", ...chatParameters() };
    const answer = await this.expectStatus("POST", "/chats", 201, { token: creator.token, body });
    return answer.body.chat_id;
  }

  /** Accepts, blocks or unblocks the other member of a chat. Returns the entry of `chat_list` from the answer. */
  async contact({ token }: HttpUser, chat_id: number, action: "accept" | "block" | "unblock") {
    const path = `/chats/${chat_id}/contact`;
    return (await this.expectStatus("POST", path, 200, { token, body: { action } })).body;
  }

  /** Requests a ticket for a WebSocket. */
  async ticket({ token }: HttpUser): Promise<string> {
    return (await this.expectStatus("POST", "/auth/ws-ticket", 200, { token })).body.ticket;
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
