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
import type { Connect, Socket } from "./socket.js";
import type { StoreWrites } from "./store-writes.js";
import type { QueuedMessage } from "./stores.js";

/** Close code of a lost connection, after which the session reconnects. */
const LOST = 1006;

/**
 * Reason why an attempt to connect failed. `origin`: the page's origin is not allowed. `no socket`: the WebSocket did not
 * open. `store`: a store failed. `unreachable`: any other failure.
 */
export type WhyNotConnected = "unreachable" | "origin" | "no socket" | "store";

/** The events of a client, in order. */
export type ClientEvent =
  | SessionNotice
  | Extract<SessionAction, { type: "failed" }>
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
  /** Entries of the account's outbox. */
  readonly outbox: readonly QueuedMessage[];
  readonly cursors: Iterable<readonly [chatId: number, seq: number]>;
  readonly capabilities: readonly string[];
  /** Awaited directly before each connection is opened. If it rejects, the attempt fails. */
  readonly prepare: () => Promise<void>;
  /** Handles an event. Resolves to true when it is handled, or to false if handling failed. */
  readonly onEvent: (event: ClientEvent) => Promise<boolean>;
  /** Called if the login has ended. */
  readonly fail: (error: unknown) => void;
  readonly writes: StoreWrites;
}

/** Runs a session with a socket, a clock and an outbox, as the loop in lacre's docs/session.md does. */
export interface Client {
  handle(event: SessionEvent): void;
  /**
   * Stores a message, and sends it now or after the next connection. Resolves when it is on disk.
   *
   * @throws {StoreError} if the message cannot be stored. It is not sent then.
   */
  send(message: QueuedMessage): Promise<void>;
  /** Stops sending a message. It stays in the outbox until `forget`. */
  withdraw(clientId: string): void;
  /** Removes a message from the outbox. */
  forget(clientId: string): void;
  /** Closes the connection and ignores all later events. Resolves when all writes to the outbox are done. */
  stop(): Promise<void>;
}

export function startClient(account: Account, options: ClientOptions): Client {
  const { user_id, session_key } = account.login;
  const { outbox } = account.stores;
  const { connect, prepare, onEvent, fail, writes } = options;
  const { cursors, capabilities } = options;
  const session = new Session({
    ...{ session_key, user_id, cursors, capabilities },
    outbox: options.outbox,
  });
  /** Messages that the server has not acknowledged, by client id. */
  const pending = new Map(options.outbox.map((message) => [message.client_id, message]));
  /** Results of `onEvent` for failed messages that are still in the outbox, by client id. */
  const failing = new Map<string, Promise<boolean>>();
  /** Client ids of messages that could not be stored. `send` rejects for them, so no event reports them. */
  const unstored = new Set<string>();
  /** Messages of each chat that were delivered since the last cursor. */
  const delivered = new Map<number, ChatMessage[]>();
  let socket: Socket | undefined;
  let attempt = 0;
  let alarm: ReturnType<typeof setTimeout> | undefined;
  let isStopped = false;
  /** Settles when the write of the last sent message succeeds or fails. */
  let persisted: Promise<void> = Promise.resolve();
  /** Settles when all earlier writes to the outbox are done. They run one after the other. */
  let writing: Promise<void> = Promise.resolve();

  function write(work: () => Promise<void>): Promise<void> {
    const written = writing.then(work);
    writing = written.catch(() => {});
    return written;
  }

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
        return persist(action.message);
      case "forget":
        return forget(action.client_id);
      case "deliver":
        return deliver(action.notice);
      case "failed":
        pending.delete(action.client_id);
        if (!unstored.has(action.client_id)) failing.set(action.client_id, onEvent(action));
        return;
      case "cursor":
        return moveCursor(action);
      case "wake":
        clearTimeout(alarm);
        alarm = setTimeout(handle, Math.max(0, action.at * 1000 - Date.now()), { type: "tick" });
    }
  }

  function persist({ client_id }: OutgoingMessage): void {
    const message = pending.get(client_id)!;
    persisted = write(() => outbox.add(message));
    persisted.then(
      () => handle({ type: "stored", client_id }),
      () => {
        unstored.add(client_id);
        handle({ type: "store_failed", client_id });
      },
    );
  }

  /**
   * Removes a message from the outbox. A failed message stays until `onEvent` has handled its event, so that the event repeats
   * after a crash.
   */
  function forget(clientId: string): void {
    if (unstored.delete(clientId)) return;
    const remove = () => void writes.add(clientId, () => write(() => outbox.remove(clientId)));
    const reported = failing.get(clientId);
    failing.delete(clientId);
    if (reported === undefined) return remove();
    void reported.then((isHandled) => {
      if (isHandled) remove();
    });
  }

  function deliver(notice: SessionNotice): void {
    if (notice.type === "message") note(notice.message);
    if (notice.type === "sent") {
      const { client_id, seq, message_id, stored_at } = notice;
      const message = pending.get(client_id);
      pending.delete(client_id);
      if (message) {
        const { key_check: _, ...sent } = message;
        note({
          ...{ ...sent, seq },
          ...(message_id !== undefined && { message_id }),
          ...(stored_at !== undefined && { stored_at }),
        });
      }
    }
    void onEvent(notice);
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
    void onEvent({ type: "cursor", chat_id, from, seq, messages: notes.filter(isCovered) });
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
            if (!wasOpen) void onEvent({ type: "not connected", why: "no socket" });
            lose(code);
          })(),
      });
    } catch (error) {
      when(() => {
        if (error instanceof LoginEndedError || error instanceof NotLoggedInError) {
          fail(error);
          return lose(CLOSE.notAuthorised);
        }
        if (error instanceof StoreError)
          void onEvent({ type: "not connected", why: "store", error });
        else if (isOriginRefused(error)) void onEvent({ type: "not connected", why: "origin" });
        else void onEvent({ type: "not connected", why: "unreachable" });
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
    async send(message) {
      pending.set(message.client_id, message);
      const { key_check: _, ...sent } = message;
      persisted = Promise.resolve();
      handle({ type: "send", message: sent });
      await persisted;
    },
    withdraw(client_id) {
      pending.delete(client_id);
      handle({ type: "withdraw", client_id });
    },
    forget,
    async stop() {
      isStopped = true;
      clearTimeout(alarm);
      socket?.close(1000);
      await writing;
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
