import type { ClientEvent } from "lacre/client";
import { CLOSE, closeCode } from "lacre/session";
import type { Api } from "./api.js";
import { LoginEndedError, ServerRejectionError, SessionEndedError, StoreError } from "./errors.js";
import type { WhyNotConnected } from "./events.js";

/** Close code of a socket that did not open, or was lost (RFC 6455, section 7.4.1). */
const LOST = 1006;

/**
 * Returns the address of a WebSocket with a ticket, because a token in the URL would appear in the server's log. Awaits `prepare`
 * directly before the connection.
 */
export async function socketAddress(
  api: Api,
  prepare: () => Promise<void> = async () => {},
): Promise<URL> {
  const { ticket } = await api.createTicket();
  // After the ticket, to include what was written while it was requested.
  await prepare();
  const url = new URL(`${api.server.replace(/^http/, "ws")}/ws`);
  url.searchParams.set("ticket", ticket);
  return url;
}

/** Returns why an attempt to connect failed, or undefined if the server closed its socket. */
export function whyNotConnected({
  error,
  code,
}: Extract<ClientEvent<unknown>, { type: "offline" }>): WhyNotConnected | undefined {
  if (error === undefined) return code === LOST || code === CLOSE.silent ? "no socket" : undefined;
  if (error instanceof StoreError) return "store";
  // A browser does not tell a page why its WebSocket failed, but the request for the ticket shows it.
  const isOrigin = error instanceof ServerRejectionError && error.code === "ERR_ORIGIN";
  return isOrigin ? "origin" : "unreachable";
}

/** Returns the error for a close code after which the client does not reconnect. */
export function whyEnded(code: number): Error {
  return code === CLOSE.notAuthorised || code === CLOSE.policy
    ? new LoginEndedError("ended")
    : new SessionEndedError(closeCode(code).name);
}
