import {
  CLOSE,
  Session,
  type SessionAction,
  type SessionEvent,
  type SessionNotice,
  type SessionOptions,
} from "lacre/session";
import { WebSocket } from "ws";
import type { Disk } from "./disk.js";
import { isUnreachable } from "./failure.js";

const MAX_FRAME_BYTES = 1024 * 1024;

/** For the server to answer that the connection closes. */
const CLOSING_PATIENCE_MS = 2000;

/** The close code of a connection that was lost, which is made again. */
const LOST = 1006;

/** What a client hears, in order: a cursor is to be moved when the messages before it are shown. */
export type Heard = SessionNotice | Extract<SessionAction, { type: "failed" | "cursor" }>;

/** Where a client connects to. */
export interface Entrance {
  /** With an access token in it, which does not last for ever. */
  readonly url: () => URL;
  /** Has the token renewed that was refused. Fails where nothing but the password helps. */
  readonly renew: () => Promise<void>;
}

/** A session with a socket, a clock and a disk: the loop of lacre's docs/session.md. */
export interface Client {
  handle(event: SessionEvent): void;
  /** Closes the connection, and lets nothing happen any more. */
  stop(): void;
}

export function startClient(
  { url, renew }: Entrance,
  options: SessionOptions,
  disk: Disk,
  hear: (heard: Heard) => void,
): Client {
  const session = new Session(options);
  let socket: WebSocket | undefined;
  let alarm: NodeJS.Timeout | undefined;
  let isStopped = false;

  function handle(event: SessionEvent): void {
    if (isStopped) return;
    for (const action of session.handle(event, Date.now() / 1000)) {
      if (action.type === "connect") socket = connect();
      if (action.type === "transmit") socket?.send(action.bytes);
      if (action.type === "close") close(action.code, action.reason);
      if (action.type === "persist") {
        const { client_id } = action.message;
        disk.persist(action.message);
        // All of this event's actions come before the next event.
        queueMicrotask(() => handle({ type: "stored", client_id }));
      }
      if (action.type === "forget") disk.forget(action.client_id);
      if (action.type === "deliver") hear(action.notice);
      if (action.type === "failed" || action.type === "cursor") hear(action);
      if (action.type === "wake") {
        clearTimeout(alarm);
        alarm = setTimeout(handle, Math.max(0, action.at * 1000 - Date.now()), { type: "tick" });
      }
    }
  }

  function connect(): WebSocket {
    const opened = new WebSocket(url(), {
      maxPayload: MAX_FRAME_BYTES,
      perMessageDeflate: false,
    });
    let isRefused = false;
    opened.on("open", () => handle({ type: "connected" }));
    opened.on("message", (bytes, isBinary) => {
      handle({ type: "frame", data: isBinary ? bytes : String(bytes) });
    });
    opened.on("unexpected-response", (_, { statusCode }) => {
      isRefused = statusCode === 401;
      opened.terminate();
    });
    // What is to be known of an error is in the close code that follows it.
    opened.on("error", () => {});
    opened.on("close", async (code) => {
      handle({ type: "closed", code: isRefused ? await codeAfterRenewal() : code });
    });
    return opened;
  }

  /** With a new token the next connection may succeed. */
  async function codeAfterRenewal(): Promise<number> {
    try {
      await renew();
      return LOST;
    } catch (error) {
      return isUnreachable(error) ? LOST : CLOSE.notAuthorised;
    }
  }

  /** A server that is gone does not answer; what is not closed by then is cut. */
  function close(code: number, reason?: string): void {
    const closing = socket;
    closing?.close(code, reason);
    setTimeout(() => closing?.terminate(), CLOSING_PATIENCE_MS).unref();
  }

  handle({ type: "tick" });
  return {
    handle,
    stop() {
      isStopped = true;
      clearTimeout(alarm);
      close(1000);
    },
  };
}
