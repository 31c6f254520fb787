import { ChatMessage } from "../../messages/chat.js";
import type { Connection } from "./connection.js";
import { check, stepOf } from "./contract-error.js";
import { Fixture, type FixtureOptions } from "./fixture.js";
import type { Answer, HttpAccounts, HttpUser, RequestOptions } from "./http-accounts.js";
import { STEPS } from "./steps.js";

/** A fixture for cases of part `http`. */
export class HttpFixture extends Fixture<HttpUser> {
  readonly #http: HttpAccounts;

  constructor(http: HttpAccounts, options: FixtureOptions) {
    super(http, options);
    this.#http = http;
  }

  /** Returns a username that is not taken. */
  username(): string {
    return this.#http.username();
  }

  get password(): string {
    return this.#http.password;
  }

  /** Returns the user of an `auth_response`. */
  userOf(body: unknown): HttpUser {
    return this.#http.userOf(body);
  }

  /** Logs a user in to another session. */
  loginAgain({ name: username }: HttpUser): Promise<HttpUser> {
    return stepOf(STEPS.logIn, async () => {
      const body = { username, password: this.password };
      return this.userOf((await this.expectStatus("POST", "/auth/login", 200, { body })).body);
    });
  }

  /** Sends an HTTP request, and throws ContractError if the answer has another status. */
  expectStatus(
    method: string,
    path: string,
    status: number,
    options?: RequestOptions,
  ): Promise<Answer> {
    return this.#http.expectStatus(method, path, status, options);
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

  /** Creates a chat that the peer has not accepted yet. Returns its id. */
  request(creator: HttpUser, peer: HttpUser): Promise<number> {
    return this.#http.request(creator, peer);
  }

  /** Accepts, blocks or unblocks the other member of a chat. Returns the entry of `chat_list` from the answer. */
  contact(user: HttpUser, chat_id: number, action: "accept" | "block" | "unblock") {
    return this.#http.contact(user, chat_id, action);
  }

  /** Requests a ticket for a WebSocket. */
  ticket(user: HttpUser): Promise<string> {
    return this.#http.ticket(user);
  }

  /** Starts to open a WebSocket at a path. The server may reject it. */
  openAt(path: string, user: HttpUser): Connection {
    return this.connectionOn(this.#http.connect(path), user);
  }

  /** Returns the last page of a chat over HTTP, which is all of the few messages of a case. */
  override stored({ token }: HttpUser, chat_id: number): Promise<ChatMessage[]> {
    return stepOf(STEPS.list, async () => {
      const path = `/chats/${chat_id}/messages?before=${Number.MAX_SAFE_INTEGER}`;
      const { body } = await this.expectStatus("GET", path, 200, { token });
      check(Array.isArray(body?.messages), "a list of messages", body);
      return body.messages.map((one: unknown) => ChatMessage.parse(one));
    });
  }
}
