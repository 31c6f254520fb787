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
  CreateChat,
  Health,
  RefreshRequest,
  Stored,
  User,
  UserPage,
  WebSocketTicket,
} from "lacre-server/bodies";
import * as z from "zod/mini";
import { NotThisProtocol, ServerRefusal, Unreachable } from "./errors.js";
import { toJson } from "./json.js";

/** In milliseconds. */
const PATIENCE = 30_000;

/** Who asks, for what is not for everybody. */
export interface Bearer {
  readonly accessToken: string;
  /** Gets another token in place of one that was refused. */
  renew(refused: string): Promise<void>;
}

/** Which messages of a chat: the first after a seq, or the last before one. */
export type Page = { readonly limit?: number } & (
  | { readonly after: number }
  | { readonly before: number }
);

interface Request {
  readonly method: "GET" | "POST" | "PATCH";
  readonly path: string;
  readonly body?: unknown;
}

/**
 * The server's HTTP endpoints. What is sent and what is answered is held to the same schemas as at the server. Each throws
 * ServerRefusal, Unreachable, NotThisProtocol; ValidationError for what the server would refuse anyway; and what
 * `bearer.renew` throws.
 */
export class Api {
  /** An origin, such as `https://chat.example`. */
  readonly server: string;
  readonly #bearer: Bearer | undefined;

  constructor(server: string, bearer?: Bearer) {
    this.server = server;
    this.#bearer = bearer;
  }

  register(credentials: z.input<typeof AuthRequest.schema>): Promise<AuthResponse> {
    return this.#authenticate("/auth/register", AuthRequest.parse(credentials));
  }

  login(credentials: z.input<typeof AuthRequest.schema>): Promise<AuthResponse> {
    return this.#authenticate("/auth/login", AuthRequest.parse(credentials));
  }

  /** Takes a refresh token, which is good once: after an answer that got lost, its repetition ends the login. */
  refresh(refresh_token: string): Promise<AuthResponse> {
    return this.#authenticate("/auth/refresh", RefreshRequest.parse({ refresh_token }));
  }

  async logout(): Promise<void> {
    await this.#ask({ method: "POST", path: "/auth/logout" });
  }

  /** What opens one WebSocket, within 30 seconds. */
  createTicket(): Promise<z.output<typeof WebSocketTicket>> {
    return this.#read(WebSocketTicket, { method: "POST", path: "/auth/ws-ticket" });
  }

  getMe(): Promise<z.output<typeof User>> {
    return this.#read(User, { method: "GET", path: "/users/me" });
  }

  /** People whose names begin like this; `after` is the `next` of the page before. */
  searchUsers(q: string, after?: string): Promise<z.output<typeof UserPage>> {
    const query = new URLSearchParams({ q, ...(after !== undefined && { after }) });
    return this.#read(UserPage, { method: "GET", path: `/users/search?${query}` });
  }

  /** All chats of whoever asks. */
  async listChats(): Promise<ChatSummary[]> {
    const chats = new Map<number, ChatSummary>();
    for (let page = 1; ; page++) {
      const answer = await this.#request({ method: "GET", path: `/chats?page=${page}` });
      const list = this.#parse(ChatListResponse.schema, answer);
      for (const chat of list.chats) chats.set(chat.chat_id, chat);
      if (list.chats.length === 0 || chats.size >= list.total) return [...chats.values()];
    }
  }

  getChat(chatId: number): Promise<ChatSummary> {
    return this.#read(ChatSummary, { method: "GET", path: `/chats/${chatId}` });
  }

  createChat(chat: z.input<typeof CreateChat.schema>): Promise<ChatSummary> {
    const body = CreateChat.parse(chat);
    return this.#read(ChatSummary, { method: "POST", path: "/chats", body });
  }

  /** Changes what is given; `auto_delete_hours: null` keeps messages for ever. */
  configureChat(
    chatId: number,
    config: z.input<typeof ConfigureChat.schema>,
  ): Promise<ChatSummary> {
    const body = ConfigureChat.parse(config);
    return this.#read(ChatSummary, { method: "PATCH", path: `/chats/${chatId}/config`, body });
  }

  listMessages(chatId: number, page: Page): Promise<MessageListResponse> {
    const query = Object.entries(page).map(([name, value]) => `${name}=${value}`);
    const path = `/chats/${chatId}/messages?${query.join("&")}`;
    return this.#read(MessageListResponse.schema, { method: "GET", path });
  }

  sendMessage(
    message: z.input<typeof ChatMessage.schema>,
  ): Promise<z.output<typeof Stored.schema>> {
    const body = ChatMessage.parse(message);
    const path = `/chats/${body.chat_id}/messages`;
    return this.#read(Stored.schema, { method: "POST", path, body });
  }

  getHealth(): Promise<z.output<typeof Health>> {
    return this.#read(Health, { method: "GET", path: "/health" });
  }

  #authenticate(path: string, body: unknown): Promise<AuthResponse> {
    return this.#read(AuthResponse.schema, { method: "POST", path, body });
  }

  async #read<Schema extends z.ZodMiniType>(
    schema: Schema,
    request: Request,
  ): Promise<z.output<Schema>> {
    return this.#parse(schema, await this.#request(request));
  }

  #parse<Schema extends z.ZodMiniType>(schema: Schema, answer: unknown): z.output<Schema> {
    const parsed = z.safeParse(schema, answer);
    if (parsed.success) return parsed.data;
    throw new NotThisProtocol(this.server, "something else than the protocol has");
  }

  async #request(request: Request): Promise<unknown> {
    const response = await this.#ask(request);
    return this.#body(response);
  }

  /** An answer that is no refusal. A token that has expired is renewed, once. */
  async #ask(request: Request): Promise<Response> {
    const refused = this.#bearer?.accessToken;
    let response = await this.#fetch(request);
    if (response.status === 401 && refused !== undefined) {
      await this.#bearer!.renew(refused);
      response = await this.#fetch(request);
    }
    if (response.ok) return response;
    const { status, headers } = response;
    const refusal = ErrorResponse.safeParse(await this.#body(response));
    if (!refusal.success) throw new NotThisProtocol(this.server, `${status} and no reason`);
    const asked = headers.get("retry-after") ?? refusal.value.details?.retry_after;
    const retryAfter = Number(asked ?? Number.NaN);
    throw new ServerRefusal(refusal.value, status, retryAfter >= 0 ? retryAfter : undefined);
  }

  async #body(response: Response): Promise<unknown> {
    let text: string;
    try {
      text = await response.text();
    } catch (error) {
      throw new Unreachable(this.server, reasonOf(error));
    }
    try {
      return JSON.parse(text);
    } catch {
      throw new NotThisProtocol(this.server, `${response.status} and no JSON`);
    }
  }

  async #fetch({ method, path, body }: Request): Promise<Response> {
    const token = this.#bearer?.accessToken;
    try {
      return await fetch(`${this.server}${path}`, {
        method,
        headers: {
          ...(body !== undefined && { "content-type": "application/json" }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
        ...(body !== undefined && { body: toJson(body) }),
        // Tokens are all that is to be sent along, and answers are not for the browser's cache.
        credentials: "omit",
        cache: "no-store",
        signal: AbortSignal.timeout(PATIENCE),
      });
    } catch (error) {
      throw new Unreachable(this.server, reasonOf(error));
    }
  }
}

function reasonOf(error: unknown): string {
  const { cause, message } = error as Error & { readonly cause?: { readonly code?: string } };
  return cause?.code ?? message;
}
