import type { ChatMessage } from "lacre";
import {
  CLOSE,
  type OutgoingMessage,
  Session,
  type SessionAction,
  type SessionEvent,
  type SessionNotice,
} from "lacre/session";
import type { Account } from "./account.js";
import { LoginEnded, NotLoggedIn } from "./errors.js";
import type { Connect, Socket } from "./socket.js";

/** The close code of a connection that was lost, which is made again. */
const LOST = 1006;

/** What a client hears, in order. */
export type Heard =
  | SessionNotice
  | Extract<SessionAction, { type: "failed" }>
  /** To be stored together with the messages, when what was heard before is done with. */
  | {
      readonly type: "cursor";
      readonly chat_id: number;
      readonly seq: number;
      readonly messages: readonly ChatMessage[];
    };

export interface ClientOptions {
  readonly connect: Connect;
  /** What the account's outbox holds. */
  readonly outbox: readonly OutgoingMessage[];
  readonly cursors: Iterable<readonly [chatId: number, seq: number]>;
  readonly capabilities: readonly string[];
  readonly hear: (heard: Heard) => void;
  /** Nothing goes on: the login is over, or the outbox cannot be written. */
  readonly fail: (error: unknown) => void;
}

/** A session with a socket, a clock and an outbox: the loop of lacre's docs/session.md. */
export interface Client {
  handle(event: SessionEvent): void;
  /** Keeps a message and has it sent, now or when there is a connection. Resolves when it is on the disk. */
  send(message: OutgoingMessage): Promise<void>;
  /** Closes the connection, and lets nothing happen any more. Resolves when the disk is quiet. */
  stop(): Promise<void>;
}

export function startClient(account: Account, options: ClientOptions): Client {
  const { user_id, session_key } = account.login;
  const { outbox } = account.stores;
  const { connect, hear, fail } = options;
  const { cursors, capabilities } = options;
  const session = new Session({
    ...{ session_key, user_id, cursors, capabilities },
    outbox: options.outbox,
  });
  /** What was written and is not acknowledged, by client id. */
  const pending = new Map(options.outbox.map((message) => [message.client_id, message]));
  /** What was handed over of each chat since its cursor was stored. */
  const delivered = new Map<number, ChatMessage[]>();
  let socket: Socket | undefined;
  let attempt = 0;
  let alarm: ReturnType<typeof setTimeout> | undefined;
  let isStopped = false;
  /** The outbox is written in the order in which things happen, and not after it could not be. */
  let writing: Promise<void> = Promise.resolve();

  function write(work: () => Promise<void>): void {
    writing = writing.then(work);
    writing.catch(fail);
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
        // What is not there yet is given up: its end is said all the same.
        return socket === undefined ? lose(LOST) : socket.close(action.code, action.reason);
      case "persist":
        return persist(action.message);
      case "forget":
        return write(() => outbox.remove(action.client_id));
      case "deliver":
        return deliver(action.notice);
      case "failed":
        pending.delete(action.client_id);
        return hear(action);
      case "cursor":
        return moveCursor(action.chat_id, action.seq);
      case "wake":
        clearTimeout(alarm);
        alarm = setTimeout(handle, Math.max(0, action.at * 1000 - Date.now()), { type: "tick" });
    }
  }

  function persist(message: OutgoingMessage): void {
    const { client_id } = message;
    pending.set(client_id, message);
    write(async () => {
      await outbox.add(message);
      // Not inside the event that led here.
      queueMicrotask(() => handle({ type: "stored", client_id }));
    });
  }

  function deliver(notice: SessionNotice): void {
    if (notice.type === "message") note(notice.message);
    if (notice.type === "sent") {
      const { client_id, seq, message_id } = notice;
      const message = pending.get(client_id);
      pending.delete(client_id);
      if (message) note({ ...message, seq, ...(message_id !== undefined && { message_id }) });
    }
    hear(notice);
  }

  function note(message: ChatMessage): void {
    const { chat_id } = message;
    const notes = delivered.get(chat_id);
    if (notes === undefined) delivered.set(chat_id, [message]);
    else notes.push(message);
  }

  function moveCursor(chat_id: number, seq: number): void {
    const notes = delivered.get(chat_id) ?? [];
    // One that was acknowledged while an earlier one is missing is for a later cursor.
    const isCovered = (message: ChatMessage) => (message.seq ?? 0) <= seq;
    delivered.set(
      chat_id,
      notes.filter((message) => !isCovered(message)),
    );
    hear({ type: "cursor", chat_id, seq, messages: notes.filter(isCovered) });
  }

  /** A ticket for each connection: a token would stand in the server's log. What an earlier attempt says is for nobody. */
  async function open(): Promise<void> {
    attempt += 1;
    const ours = attempt;
    socket = undefined;
    const when = (act: () => void) => () => {
      if (ours === attempt) act();
    };
    try {
      const { ticket } = await account.api.createTicket();
      if (ours !== attempt || isStopped) return;
      const url = new URL("/ws", account.api.server.replace(/^http/, "ws"));
      url.searchParams.set("ticket", ticket);
      socket = connect(url, {
        opened: when(() => handle({ type: "connected" })),
        received: (data) => when(() => handle({ type: "frame", data }))(),
        closed: (code) => when(() => lose(code))(),
      });
    } catch (error) {
      when(() => {
        if (!(error instanceof LoginEnded || error instanceof NotLoggedIn)) return lose(LOST);
        fail(error);
        lose(CLOSE.notAuthorised);
      })();
    }
  }

  function lose(code: number): void {
    attempt += 1;
    socket = undefined;
    // Other actions of the event that led here may be still to come.
    queueMicrotask(() => handle({ type: "closed", code }));
  }

  handle({ type: "tick" });
  return {
    handle,
    async send(message) {
      handle({ type: "send", message });
      await writing;
    },
    async stop() {
      isStopped = true;
      clearTimeout(alarm);
      socket?.close(1000);
      await writing.catch(() => {});
    },
  };
}
