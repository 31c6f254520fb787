import { invalidArgument } from "../arguments.js";

/** Milliseconds to wait for the server's close frame. */
export const CLOSE_TIMEOUT = 2000;

/** Callbacks for the events of a socket. */
export interface SocketListener {
  /** Called once the socket can send. */
  opened(): void;
  /** Receives the data of one message. */
  received(data: unknown): void;
  /** Receives the close code (RFC 6455, section 7.4), 1006 if there was none. Called once, also if the socket never opened. */
  closed(code: number): void;
}

/** An open socket, or one that opens. */
export interface Socket {
  /** Sends the bytes as one binary message. */
  send(bytes: Uint8Array<ArrayBuffer>): void;
  /** Closes the socket, or gives up opening it. */
  close(code: number, reason: string): void;
}

/** Opens a socket to the server. If it throws or rejects, the attempt failed, and the client tries again later. */
export type Connect = (listener: SocketListener) => Socket | Promise<Socket>;

/** The part of a WebSocket that a client uses. Those of browsers, Node and the package `ws` have it. */
export interface WebSocketLike {
  /** Set to `arraybuffer`. */
  binaryType: string;
  /** Called once the socket is open. */
  onopen: ((event: never) => void) | null;
  /** Called with each message, as `data`. */
  onmessage: ((event: never) => void) | null;
  /** Called with the close code, as `code`. */
  onclose: ((event: never) => void) | null;
  /** Called with an error, before `onclose`. */
  onerror: ((event: never) => void) | null;
  /** Sends a binary message. */
  send(data: Uint8Array<ArrayBuffer>): void;
  /** Closes the socket. */
  close(code?: number, reason?: string): void;
}

/** Constructor of WebSockets. */
export type WebSocketConstructor = new (url: URL) => WebSocketLike;

/**
 * Returns a function that opens a WebSocket at the address that `url` returns.
 *
 * @throws {ValidationError} if there is no WebSocket.
 */
export function connectWith(
  url: () => URL | string | Promise<URL | string>,
  WebSocket = (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket,
): Connect {
  if (typeof url !== "function")
    throw invalidArgument("options.url", "must be a function that returns the server's address");
  if (typeof WebSocket !== "function") {
    throw invalidArgument(
      "options.WebSocket",
      "is needed, because this platform has no WebSocket: install ws and pass its WebSocket",
    );
  }
  return async (listener) => {
    const socket: WebSocketLike & { terminate?: () => void } = new WebSocket(new URL(await url()));
    let timer: ReturnType<typeof setTimeout> | undefined;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => listener.opened();
    socket.onmessage = ({ data }: { data: unknown }) => listener.received(data);
    socket.onclose = ({ code }: { code: number }) => {
      clearTimeout(timer);
      listener.closed(code);
    };
    // `onclose` follows. Without this handler, an error of a socket of `ws` ends the process.
    socket.onerror = () => {};
    return {
      send: (bytes) => socket.send(bytes),
      close(code, reason) {
        socket.close(code, reason);
        // `ws` waits 30 s for the close frame of a server that may be unreachable.
        clearTimeout(timer);
        timer = setTimeout(() => socket.terminate?.(), CLOSE_TIMEOUT);
      },
    };
  };
}
