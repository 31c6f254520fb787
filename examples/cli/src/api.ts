import {
  AuthRequest,
  AuthResponse,
  ChatListResponse,
  type ChatSummary,
  ErrorResponse,
  MessageListResponse,
} from "lacre";
import { exitCodes, Failure, ServerRefusal } from "./failure.js";
import type { Login } from "./login.js";

/** What a chat is created with. */
export interface ChatParameters {
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly key_check: Uint8Array;
  readonly encryption_type: string;
}

/** The server's HTTP endpoints, as far as this client needs them. */
export class Api {
  readonly server: string;
  readonly #login: Login | undefined;

  constructor(server: string, login?: Login) {
    this.server = server;
    this.#login = login;
  }

  async authenticate(
    endpoint: "register" | "login",
    credentials: AuthRequest,
  ): Promise<AuthResponse> {
    const body = AuthRequest.parse(credentials);
    return AuthResponse.parse(await this.#request("POST", `/auth/${endpoint}`, body));
  }

  async refresh(refresh_token: string): Promise<AuthResponse> {
    return AuthResponse.parse(await this.#request("POST", "/auth/refresh", { refresh_token }));
  }

  /** Whether the chat was made; false where the two have one already. */
  async createChat(peer_name: string, parameters: ChatParameters): Promise<boolean> {
    const { salt, key_check } = parameters;
    const encoded = { salt: toBase64(salt), key_check: toBase64(key_check) };
    try {
      await this.#request("POST", "/chats", { ...parameters, ...encoded, peer_name });
      return true;
    } catch (error) {
      if (error instanceof ServerRefusal && error.code === "ERR_CHAT_EXISTS") return false;
      throw error;
    }
  }

  async listChats(): Promise<ChatSummary[]> {
    const chats: ChatSummary[] = [];
    for (let page = 1; ; page++) {
      const list = ChatListResponse.parse(await this.#request("GET", `/chats?page=${page}`));
      chats.push(...list.chats);
      if (list.chats.length === 0 || chats.length >= list.total) return chats;
    }
  }

  async listMessages(chat_id: number, after: number): Promise<MessageListResponse> {
    const path = `/chats/${chat_id}/messages?after=${after}`;
    return MessageListResponse.parse(await this.#request("GET", path));
  }

  async #request(method: string, path: string, body?: unknown): Promise<unknown> {
    let response = await this.#fetch(method, path, body);
    if (response.status === 401 && this.#login !== undefined) {
      await this.#login.renew();
      response = await this.#fetch(method, path, body);
    }
    const answer = await response.json().catch(() => undefined);
    if (response.ok) return answer;
    const refusal = ErrorResponse.safeParse(answer);
    if (!refusal.success) {
      throw new Failure(
        `${this.server} answered ${response.status} and no reason: is it a lacre server?`,
      );
    }
    const { error_code, error_message } = refusal.value;
    const exitCode = response.status === 401 ? exitCodes.notLoggedIn : exitCodes.failed;
    throw new ServerRefusal(error_code, error_message, exitCode);
  }

  async #fetch(method: string, path: string, body?: unknown): Promise<Response> {
    try {
      return await fetch(`${this.server}${path}`, {
        method,
        headers: {
          "content-type": "application/json",
          ...(this.#login && { authorization: `Bearer ${this.#login.accessToken}` }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    } catch (error) {
      throw new Failure(
        `no answer from ${this.server} (${reasonOf(error)}): is the server running, and --server right?`,
        exitCodes.unreachable,
      );
    }
  }
}

export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  return (cause as NodeJS.ErrnoException | undefined)?.code ?? message;
}
