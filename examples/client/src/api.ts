import {
  AuthRequest,
  AuthResponse,
  ChatListResponse,
  ChatMessage,
  ChatSummary,
  ErrorResponse,
  MessageListResponse,
} from "lacre";
import {
  ConfigureChat,
  Contact,
  CreateChat,
  ExpiringMessages,
  Health,
  RefreshRequest,
  type RequestLine,
  RestartChat,
  Stored,
  User,
  UserPage,
  WebSocketTicket,
} from "lacre-api";
import * as z from "zod/mini";
import {
  NotThisProtocolError,
  RedirectedError,
  ServerRejectionError,
  UnreachableError,
} from "./errors.js";
import { toJson } from "./json.js";

/** Maximum time for a request, in milliseconds. */
const MAX_TIMEOUT = 30_000;
/** Minimum and maximum seconds of `retryAfter`, equal to those of a `Session`. */
const SHORTEST_WAIT = 0.1;
const LONGEST_WAIT = 3600;

/** Access token of a login, for requests that require authentication. */
export interface Bearer {
  readonly accessToken: string;
  /** Replaces the access token, if it is still `refused`, which the server rejected. */
  renew(refused: string): Promise<void>;
}

/** A member's decision about a chat with a peer. */
export type ContactAction = z.output<typeof Contact.schema>["action"];

/** Selects messages of a chat: the first after a seq, or the last before one. */
export type Page = { readonly limit?: number } & (
  | { readonly after: number }
  | { readonly before: number }
);

/** A request to an operation of the server. */
export type ApiRequest = RequestLine & { readonly body?: unknown };

/**
 * Calls the server's HTTP endpoints. Validates requests and responses with the schemas that the server uses.
 *
 * @throws {ServerRejectionError} if the server rejects the request.
 * @throws {UnreachableError} if no response arrives in time.
 * @throws {RedirectedError} if the server redirects.
 * @throws {NotThisProtocolError} if the response does not match the protocol.
 * @throws {ValidationError} if the server would reject the request as invalid.
 * @throws what `bearer.renew` throws.
 */
export class Api {
  /** Base URL, as `readServerAddress` returns it. */
  readonly server: string;
  readonly #bearer: Bearer | undefined;
  readonly #timeout: () => number;

  /** `timeout` is called before each request. It returns the maximum milliseconds for the request, capped at 30,000. */
  constructor(server: string, bearer?: Bearer, timeout: () => number = () => MAX_TIMEOUT) {
    this.server = server;
    this.#bearer = bearer;
    this.#timeout = timeout;
  }

  register(credentials: z.input<typeof AuthRequest.schema>): Promise<AuthResponse> {
    return this.#authenticate("/auth/register", AuthRequest.parse(credentials));
  }

  login(credentials: z.input<typeof AuthRequest.schema>): Promise<AuthResponse> {
    return this.#authenticate("/auth/login", AuthRequest.parse(credentials));
  }

  /**
   * Exchanges a refresh token, which is valid once, for new tokens. The device of the login may repeat the request for 30
   * seconds, in case the response was lost. Any other repetition ends the session.
   */
  refresh(refresh_token: string, device_id: string): Promise<AuthResponse> {
    const body = RefreshRequest.parse({ refresh_token, device_id });
    return this.#authenticate("/auth/refresh", body);
  }

  async logout(): Promise<void> {
    await this.send({ method: "POST", path: "/auth/logout" });
  }

  /** Creates a ticket, which opens one WebSocket within 30 seconds. */
  createTicket(): Promise<z.output<typeof WebSocketTicket>> {
    return this.read(WebSocketTicket, { method: "POST", path: "/auth/ws-ticket" });
  }

  getMe(): Promise<z.output<typeof User>> {
    return this.read(User, { method: "GET", path: "/users/me" });
  }

  /** Lists users whose names start with `q`. `after` is the `next` of the previous page. */
  searchUsers(q: string, after?: string): Promise<z.output<typeof UserPage>> {
    const query = new URLSearchParams({ q, ...(after !== undefined && { after }) });
    return this.read(UserPage, { method: "GET", path: `/users/search?${query}` });
  }

  /** Lists all chats of the user, from all pages. With `mls`, also MLS chats. */
  async listChats({ mls = false } = {}): Promise<ChatSummary[]> {
    const chats = new Map<number, ChatSummary>();
    for (let page = 1; ; page++) {
      const path = `/chats?page=${page}${mls ? "&mls=1" : ""}` as const;
      const list = await this.read(ChatListResponse.schema, { method: "GET", path });
      for (const chat of list.chats) chats.set(chat.chat_id, chat);
      if (list.chats.length === 0 || chats.size >= list.total) return [...chats.values()];
    }
  }

  getChat(chatId: number): Promise<ChatSummary> {
    return this.read(ChatSummary, { method: "GET", path: `/chats/${chatId}` });
  }

  createChat(chat: z.input<typeof CreateChat.schema>): Promise<ChatSummary> {
    const body = CreateChat.parse(chat);
    return this.read(ChatSummary, { method: "POST", path: "/chats", body });
  }

  /**
   * Replaces a chat's key parameters and deletes its messages. Only its creator may do so, until the peer has written or
   * read a message.
   */
  restartChat(
    chatId: number,
    parameters: z.input<typeof RestartChat.schema>,
  ): Promise<ChatSummary> {
    const body = RestartChat.parse(parameters);
    return this.read(ChatSummary, { method: "POST", path: `/chats/${chatId}/restart`, body });
  }

  /** Accepts a chat that another user created, or blocks or unblocks the peer. `accept` also unblocks. */
  changeContact(chatId: number, action: ContactAction): Promise<ChatSummary> {
    const path = `/chats/${chatId}/contact` as const;
    return this.read(ChatSummary, { method: "POST", path, body: Contact.parse({ action }) });
  }

  /** Changes the given settings. `auto_delete_hours: null` keeps messages forever. */
  configureChat(
    chatId: number,
    config: z.input<typeof ConfigureChat.schema>,
  ): Promise<ChatSummary> {
    const body = ConfigureChat.parse(config);
    return this.read(ChatSummary, { method: "PATCH", path: `/chats/${chatId}/config`, body });
  }

  /** Counts the messages that a change of the setting would delete immediately. Changes nothing. */
  countExpiring(
    chatId: number,
    auto_delete_hours: number,
  ): Promise<z.output<typeof ExpiringMessages>> {
    const path = `/chats/${chatId}/expiring?auto_delete_hours=${auto_delete_hours}` as const;
    return this.read(ExpiringMessages, { method: "GET", path });
  }

  listMessages(chatId: number, page: Page): Promise<MessageListResponse> {
    const query = Object.entries(page).map(([name, value]) => `${name}=${value}`);
    const path = `/chats/${chatId}/messages?${query.join("&")}` as const;
    return this.read(MessageListResponse.schema, { method: "GET", path });
  }

  sendMessage(
    message: z.input<typeof ChatMessage.schema>,
  ): Promise<z.output<typeof Stored.schema>> {
    const body = ChatMessage.parse(message);
    const path = `/chats/${body.chat_id}/messages` as const;
    return this.read(Stored.schema, { method: "POST", path, body });
  }

  getHealth(): Promise<z.output<typeof Health>> {
    return this.read(Health, { method: "GET", path: "/health" });
  }

  #authenticate(
    path: `/auth/${"register" | "login" | "refresh"}`,
    body: unknown,
  ): Promise<AuthResponse> {
    return this.read(AuthResponse.schema, { method: "POST", path, body });
  }

  /** Makes a request, and returns the body of the response. */
  async read<Schema extends z.ZodMiniType>(
    schema: Schema,
    request: ApiRequest,
  ): Promise<z.output<Schema>> {
    const response = await this.send(request);
    const parsed = z.safeParse(schema, await this.#body(response));
    if (parsed.success) return parsed.data;
    throw new NotThisProtocolError(this.server, "something else than the protocol has");
  }

  /** Makes a request, and returns a successful response. After a 401, renews the access token and repeats the request once. */
  async send(request: ApiRequest): Promise<Response> {
    const refused = this.#bearer?.accessToken;
    let response = await this.#fetch(request);
    if (response.status === 401 && refused !== undefined) {
      await this.#bearer!.renew(refused);
      response = await this.#fetch(request);
    }
    if (response.ok) return response;
    const { status, headers } = response;
    const refusal = ErrorResponse.safeParse(await this.#body(response));
    if (!refusal.success) throw new NotThisProtocolError(this.server, `${status} and no reason`);
    const asked = headers.get("retry-after") ?? refusal.value.details?.retry_after;
    throw new ServerRejectionError(refusal.value, status, waitOf(asked));
  }

  async #body(response: Response): Promise<unknown> {
    let text: string;
    try {
      text = await response.text();
    } catch (error) {
      throw new UnreachableError(this.server, reasonOf(error));
    }
    try {
      return JSON.parse(text);
    } catch {
      throw new NotThisProtocolError(this.server, `${response.status} and no JSON`);
    }
  }

  async #fetch({ method, path, body }: ApiRequest): Promise<Response> {
    const token = this.#bearer?.accessToken;
    try {
      const response = await fetch(`${this.server}${path}`, {
        method,
        headers: {
          ...(body !== undefined && { "content-type": "application/json" }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
        ...(body !== undefined && { body: toJson(body) }),
        // Send no cookies, and keep responses out of the browser's cache.
        credentials: "omit",
        cache: "no-store",
        redirect: "manual",
        signal: AbortSignal.timeout(
          Math.round(Math.max(0, Math.min(MAX_TIMEOUT, this.#timeout()))),
        ),
      });
      if (response.type !== "opaqueredirect" && !isRedirect(response.status)) return response;
      throw new RedirectedError(this.server, response.headers.get("location"));
    } catch (error) {
      if (error instanceof RedirectedError) throw error;
      throw new UnreachableError(this.server, reasonOf(error));
    }
  }
}

/**
 * Parses a `Retry-After` or `retry_after` in seconds, limited so that the client neither retries in a tight loop nor
 * overflows a timer. Returns undefined if it is not a number of seconds.
 */
function waitOf(asked: unknown): number | undefined {
  const seconds = Number(asked ?? Number.NaN);
  return seconds >= 0 ? Math.min(LONGEST_WAIT, Math.max(SHORTEST_WAIT, seconds)) : undefined;
}

function isRedirect(status: number): boolean {
  return status >= 300 && status < 400;
}

function reasonOf(error: unknown): string {
  const { cause, message } = error as Error & { readonly cause?: { readonly code?: string } };
  return cause?.code ?? message;
}
