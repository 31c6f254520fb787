import type { ChatMessage } from "lacre";
import {
  CLOSE,
  closeCode,
  type OutgoingMessage,
  Session,
  type SessionAction,
  type SessionEvent,
  type SessionNotice,
} from "lacre/session";
import type { Account } from "./account.js";
import {
  LoginEndedError,
  NotLoggedInError,
  ServerRejectionError,
  SessionEndedError,
  StoreError,
} from "./errors.js";
import type { WhyNotConnected } from "./events.js";
import type { Pending, PendingMessage } from "./pending.js";
import type { Connect, Socket } from "./socket.js";

/** Close code of a lost connection, after which the session reconnects. */
const LOST = 1006;

/** The events of a client, in order. */
export type ClientEvent =
  | Exclude<SessionNotice, { type: "sent" }>
  /** The server stored a message of this user. `encrypted` has the fields that the server assigned. */
  | { readonly type: "sent"; readonly message: PendingMessage }
  /** A message of this user will never be sent. It stays in the outbox until the event is handled. */
  | {
      readonly type: "failed";
      readonly error_code: string;
      readonly error_message: string;
      readonly message: PendingMessage;
    }
  /** Reported after each failed attempt to connect. */
  | { readonly type: "not connected"; readonly why: Exclude<WhyNotConnected, "store"> }
  | { readonly type: "not connected"; readonly why: "store"; readonly error: StoreError }
  /** The cursor to store together with its messages, after all earlier events are handled. */
  | {
      readonly type: "cursor";
      readonly chat_id: number;
      readonly from: number;
      readonly seq: number;
      readonly messages: readonly ChatMessage[];
    };

export interface ClientOptions {
  readonly connect: Connect;
  readonly pending: Pending;
  readonly cursors: Iterable<readonly [chatId: number, seq: number]>;
  readonly capabilities: readonly string[];
  /** Awaited directly before each connection is opened. If it rejects, the attempt fails. */
  readonly prepare: () => Promise<void>;
  readonly onEvent: (event: ClientEvent) => void;
  /** Called if the login has ended. */
  readonly fail: (error: unknown) => void;
}

/** Runs a session with a socket and a clock, as the loop in lacre's docs/session.md does. */
export interface Client {
  handle(event: SessionEvent): void;
  /** Sends a message of the outbox, now or after the next connection. */
  send(message: OutgoingMessage): void;
  /** Closes the connection and ignores all later events. */
  stop(): void;
}

export function startClient(account: Account, options: ClientOptions): Client {
  const { user_id, session_key } = account.login;
  const { connect, pending, prepare, onEvent, fail } = options;
  const { cursors, capabilities } = options;
  const session = new Session({
    ...{ session_key, user_id, cursors, capabilities },
    outbox: pending.toSend.map(({ encrypted }) => encrypted),
  });
  /** Messages of each chat that were delivered since the last cursor. */
  const delivered = new Map<number, ChatMessage[]>();
  let socket: Socket | undefined;
  let attempt = 0;
  let alarm: ReturnType<typeof setTimeout> | undefined;
  let isStopped = false;

  function handle(event: SessionEvent): void {
    if (isStopped) return;
    for (const action of session.handle(event, Date.now() / 1000)) take(action);
  }

  function take(action: SessionAction): void {
    switch (action.type) {
      case "connect":
        return void open();
      case "transmit":
        return socket?.send(action.bytes);
      case "close":
        // No socket yet: abandon the attempt and report it as closed.
        return socket === undefined ? lose(LOST) : socket.close(action.code, action.reason);
      case "persist":
      case "forget":
        // The outbox has a message before `send`. `deliverSent` removes a sent one, and the messenger a failed one.
        return;
      case "deliver":
        return deliver(action.notice);
      case "failed": {
        const { client_id, chat_id: _, ...failed } = action;
        const message = pending.take(client_id);
        if (message !== undefined) onEvent({ ...failed, message });
        return;
      }
      case "cursor":
        return moveCursor(action);
      case "wake":
        clearTimeout(alarm);
        alarm = setTimeout(handle, Math.max(0, action.at * 1000 - Date.now()), { type: "tick" });
    }
  }

  function deliver(notice: SessionNotice): void {
    if (notice.type === "sent") return deliverSent(notice);
    if (notice.type === "message") note(notice.message);
    onEvent(notice);
  }

  function deliverSent(notice: Extract<SessionNotice, { type: "sent" }>): void {
    const { client_id, seq, message_id, stored_at } = notice;
    const message = pending.take(client_id);
    if (message === undefined) return;
    pending.forget(client_id);
    const encrypted = {
      ...{ ...message.encrypted, seq },
      ...(message_id !== undefined && { message_id }),
      ...(stored_at !== undefined && { stored_at }),
    };
    note(encrypted);
    onEvent({ type: "sent", message: { ...message, encrypted } });
  }

  function note(message: ChatMessage): void {
    const { chat_id } = message;
    const notes = delivered.get(chat_id);
    if (notes === undefined) delivered.set(chat_id, [message]);
    else notes.push(message);
  }

  function moveCursor({ chat_id, from, seq }: Extract<SessionAction, { type: "cursor" }>): void {
    const notes = delivered.get(chat_id) ?? [];
    // A message acknowledged beyond a gap belongs to a later cursor.
    const isCovered = (message: ChatMessage) => (message.seq ?? 0) <= seq;
    delivered.set(
      chat_id,
      notes.filter((message) => !isCovered(message)),
    );
    onEvent({ type: "cursor", chat_id, from, seq, messages: notes.filter(isCovered) });
  }

  /**
   * Opens a WebSocket with a ticket, because a token in the URL would appear in the server's log. Ignores the events of
   * earlier attempts.
   */
  async function open(): Promise<void> {
    attempt += 1;
    const ours = attempt;
    socket = undefined;
    const isCurrent = () => ours === attempt && !isStopped;
    const when = (act: () => void) => () => {
      if (isCurrent()) act();
    };
    try {
      const { ticket } = await account.api.createTicket();
      if (!isCurrent()) return;
      // Directly before the connection, to include what was written while the ticket was requested.
      await prepare();
      if (!isCurrent()) return;
      const url = new URL(`${account.api.server.replace(/^http/, "ws")}/ws`);
      url.searchParams.set("ticket", ticket);
      let wasOpen = false;
      socket = connect(url, {
        opened: when(() => {
          wasOpen = true;
          handle({ type: "connected" });
        }),
        received: (data) => when(() => handle({ type: "frame", data }))(),
        closed: (code) =>
          when(() => {
            if (!wasOpen) onEvent({ type: "not connected", why: "no socket" });
            lose(code);
          })(),
      });
    } catch (error) {
      when(() => {
        if (error instanceof LoginEndedError || error instanceof NotLoggedInError) {
          fail(error);
          return lose(CLOSE.notAuthorised);
        }
        if (error instanceof StoreError) onEvent({ type: "not connected", why: "store", error });
        else if (isOriginRefused(error)) onEvent({ type: "not connected", why: "origin" });
        else onEvent({ type: "not connected", why: "unreachable" });
        lose(LOST);
      })();
    }
  }

  function lose(code: number): void {
    attempt += 1;
    socket = undefined;
    // Handle the event after the remaining actions of the current one.
    queueMicrotask(() => handle({ type: "closed", code }));
  }

  handle({ type: "tick" });
  return {
    handle,
    send(message) {
      handle({ type: "send", message });
      handle({ type: "stored", client_id: message.client_id });
    },
    stop() {
      isStopped = true;
      clearTimeout(alarm);
      socket?.close(1000);
    },
  };
}

/**
 * Whether the server rejected a ticket because of the page's origin. A browser does not tell a page why its WebSocket
 * failed.
 */
function isOriginRefused(error: unknown): boolean {
  return error instanceof ServerRejectionError && error.code === "ERR_ORIGIN";
}

/** Returns the error for a close code after which the client does not reconnect. */
export function whyEnded(code: number): Error {
  return code === CLOSE.notAuthorised || code === CLOSE.policy
    ? new LoginEndedError("ended")
    : new SessionEndedError(closeCode(code).name);
}
