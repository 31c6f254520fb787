import type { Socket, SocketListener } from "lacre/client";
import { CLOSE, closeCode } from "lacre/session";
import type { Account } from "./account.js";
import { LoginEndedError, ServerRejectionError, SessionEndedError, StoreError } from "./errors.js";
import type { WhyNotConnected } from "./events.js";
import type { Connect } from "./socket.js";

/** Opens the sockets of an account's client, and knows why those that did not open failed. */
export class Connecting {
  readonly #account: Account;
  readonly #connect: Connect;
  readonly #prepare: () => Promise<void>;
  /** For each attempt whose end was not reported: whether the socket was open. */
  readonly #attempts: { isOpen: boolean }[] = [];

  /** Awaits `prepare` directly before each socket is opened. If it rejects, the attempt fails. */
  constructor(account: Account, connect: Connect, prepare: () => Promise<void>) {
    this.#account = account;
    this.#connect = connect;
    this.#prepare = prepare;
  }

  /** Opens a WebSocket with a ticket, because a token in the URL would appear in the server's log. */
  async open(listener: SocketListener): Promise<Socket> {
    const attempt = { isOpen: false };
    this.#attempts.push(attempt);
    const { api } = this.#account;
    const { ticket } = await api.createTicket();
    // Directly before the connection, to include what was written while the ticket was requested.
    await this.#prepare();
    const url = new URL(`${api.server.replace(/^http/, "ws")}/ws`);
    url.searchParams.set("ticket", ticket);
    return this.#connect(url, {
      opened() {
        attempt.isOpen = true;
        listener.opened();
      },
      received: (data) => listener.received(data),
      closed: (code) => listener.closed(code),
    });
  }

  /** Returns why the next attempt whose end is reported failed, or undefined if its socket was open. */
  whyFailed(error: unknown): WhyNotConnected | undefined {
    const wasOpen = this.#attempts.shift()?.isOpen;
    if (wasOpen) return undefined;
    if (error === undefined) return "no socket";
    if (error instanceof StoreError) return "store";
    // A browser does not tell a page why its WebSocket failed, but the request for the ticket shows it.
    const isOrigin = error instanceof ServerRejectionError && error.code === "ERR_ORIGIN";
    return isOrigin ? "origin" : "unreachable";
  }
}

/** Returns the error for a close code after which the client does not reconnect. */
export function whyEnded(code: number): Error {
  return code === CLOSE.notAuthorised || code === CLOSE.policy
    ? new LoginEndedError("ended")
    : new SessionEndedError(closeCode(code).name);
}
