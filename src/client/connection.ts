import { unixNow } from "../clock.js";
import type { SessionAction, SessionEvent } from "../session/events.js";
import type { Session } from "../session/session.js";
import { CLOSE_TIMEOUT, type Connect, type Socket } from "./socket.js";

/** Close code of a connection that ended without one (RFC 6455, section 7.4.1). */
const LOST = 1006;

/** The actions of a session that do not concern its socket and its timer. */
export type StorageAction = Exclude<
  SessionAction,
  { type: "connect" | "transmit" | "close" | "wake" }
>;

/** Runs a session with sockets and a timer. Passes on all other actions, in order. */
export class Connection {
  readonly #session: Session;
  readonly #connect: Connect;
  readonly #perform: (action: StorageAction) => void;
  readonly #fail: (error: unknown) => void;
  readonly #events: SessionEvent[] = [];
  #socket: Socket | undefined;
  /** Resolves when the socket is closed. */
  #isClosed: Promise<void> = Promise.resolve();
  /** Number of the current attempt. Events of earlier ones are ignored. */
  #attempt = 0;
  #alarm: ReturnType<typeof setTimeout> | undefined;
  /** Why the last attempt failed, if `connect` threw. */
  error: unknown;

  /** Calls `fail` if the session throws, for example because an option of the `hello` is invalid. */
  constructor(
    session: Session,
    connect: Connect,
    perform: (action: StorageAction) => void,
    fail: (error: unknown) => void,
  ) {
    this.#session = session;
    this.#connect = connect;
    this.#perform = perform;
    this.#fail = fail;
  }

  /** Handles an event, after the actions of earlier ones. Does nothing after `stop`. */
  handle(event: SessionEvent): void {
    // A socket may report an event while an action of an earlier one is performed.
    this.#events.push(event);
    if (this.#events.length > 1) return;
    for (let next: SessionEvent | undefined = event; next; next = this.#events[0]) {
      try {
        if (!this.#isStopped)
          for (const action of this.#session.handle(next, unixNow())) this.#take(action);
      } catch (error) {
        this.#fail(error);
      }
      this.#events.shift();
    }
  }

  /** Closes the socket. Resolves when it is closed, or after 2 s. */
  async stop(): Promise<void> {
    this.#attempt = Number.NaN;
    clearTimeout(this.#alarm);
    if (this.#socket === undefined) return;
    if (!this.#close(1000, "")) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_TIMEOUT + 500);
    });
    await Promise.race([this.#isClosed, timeout]);
    clearTimeout(timer);
  }

  get #isStopped(): boolean {
    return Number.isNaN(this.#attempt);
  }

  #take(action: SessionAction): void {
    switch (action.type) {
      case "connect":
        return void this.#open();
      case "transmit":
        return this.#transmit(action.bytes);
      case "close":
        // No socket yet: abandon the attempt and report it as closed.
        if (this.#socket === undefined || !this.#close(action.code, action.reason))
          this.#lose(LOST);
        return;
      case "wake": {
        clearTimeout(this.#alarm);
        const delay = Math.max(0, (action.at - unixNow()) * 1000);
        this.#alarm = setTimeout(() => this.handle({ type: "tick" }), delay);
        return;
      }
      default:
        if (!this.#isStopped) this.#perform(action);
    }
  }

  #transmit(bytes: Uint8Array<ArrayBuffer>): void {
    try {
      this.#socket?.send(bytes);
    } catch (error) {
      this.#close(1000, "");
      this.#lose(LOST, error);
    }
  }

  /** Closes the socket. Returns false if that fails: no event of it follows then. */
  #close(code: number, reason: string): boolean {
    try {
      this.#socket?.close(code, reason);
      return true;
    } catch {
      return false;
    }
  }

  async #open(): Promise<void> {
    this.#attempt += 1;
    const own = this.#attempt;
    this.#socket = undefined;
    const isCurrent = () => own === this.#attempt;
    let markClosed = () => {};
    const isClosed = new Promise<void>((resolve) => {
      markClosed = resolve;
    });
    // Events that arrive before `connect` has returned its socket.
    const early: (() => void)[] = [];
    const pass = (work: () => void) => {
      if (isCurrent() && this.#socket === undefined) early.push(work);
      else if (isCurrent()) work();
    };
    try {
      const socket = await this.#connect({
        opened: () => pass(() => this.handle({ type: "connected" })),
        received: (data) => pass(() => this.handle({ type: "frame", data })),
        closed: (code) => {
          markClosed();
          pass(() => this.#lose(code));
        },
      });
      if (!isCurrent()) return socket.close(1000, "");
      this.#socket = socket;
      this.#isClosed = isClosed;
      for (const work of early) if (isCurrent()) work();
    } catch (error) {
      if (isCurrent()) this.#lose(LOST, error);
    }
  }

  #lose(code: number, error?: unknown): void {
    if (this.#isStopped) return;
    this.#attempt += 1;
    this.#socket = undefined;
    this.error = error;
    this.handle({ type: "closed", code });
  }
}
