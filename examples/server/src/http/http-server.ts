import { createServer, type Server, type ServerResponse } from "node:http";
import { getRequestListener, RequestError } from "@hono/node-server";
import type { Hono } from "hono";
import { WebSocketServer } from "ws";
import { internalError, Refusal } from "../errors.js";
import { malformedAddress } from "./addresses.js";
import { answerBySocket, bareRefusal } from "./raw-answers.js";
import { handleUpgrade } from "./upgrades.js";

const MAX_FRAME_BYTES = 1024 * 1024;

/** How long a client may take to say what it wants, and to take the answer, in milliseconds. */
const SLOW_CLIENTS = {
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  /** Longer than proxies keep theirs, so that none writes into one that is closing. */
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 5000,
  idleTimeout: 90_000,
};

/** What Node's parser refuses before there is a request. */
const UNREADABLE: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: new Refusal(
    431,
    "ERR_HEADERS_TOO_LARGE",
    "the headers have more than 16 KiB: send fewer",
  ),
  ERR_HTTP_REQUEST_TIMEOUT: new Refusal(
    408,
    "ERR_REQUEST_TIMEOUT",
    "the request did not come to its end in time: send it again",
  ),
};
const malformed = (message: string) => new Refusal(400, "ERR_MALFORMED_REQUEST", message);
const notHttp = malformed("this is no HTTP/1.1 request");
const notProxy = malformed("this server is no proxy: ask for an address of its own");

/** Puts an app behind HTTP and WebSockets. It listens nowhere yet. */
export class HttpServer {
  readonly node: Server;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
  });
  readonly #answering = new Set<ServerResponse>();
  #isClosing = false;

  constructor(app: Hono, { idleTimeout, ...timeouts } = SLOW_CLIENTS) {
    const listen = getRequestListener(app.fetch, {
      errorHandler: (error) =>
        bareRefusal(error instanceof RequestError ? malformedAddress : internalError),
    });
    // Node's own answer to a request without a host says nothing.
    const options = { ...timeouts, maxHeaderSize: 16_384, requireHostHeader: false };
    this.node = createServer(options, (incoming, outgoing) => {
      this.#answering.add(outgoing);
      outgoing.once("close", () => this.#answered(outgoing));
      // Health checks of load balancers are often in HTTP/1.0, which came before Host.
      if (incoming.httpVersion === "1.0") incoming.headers.host ??= "localhost";
      return listen(incoming, outgoing);
    });
    this.node.timeout = idleTimeout;
    this.node.on("upgrade", (incoming, socket, head) =>
      handleUpgrade(app, this.#sockets, incoming, socket, head),
    );
    this.#sockets.on("wsClientError", ({ message }, socket) => {
      void answerBySocket(socket, bareRefusal(malformed(`this opens no WebSocket: ${message}`)));
    });
    this.node.on("connect", (_, socket) => void answerBySocket(socket, bareRefusal(notProxy)));
    this.node.on("clientError", (error: NodeJS.ErrnoException, socket) => {
      const isAnswering = [...this.#answering].some((outgoing) => outgoing.socket === socket);
      if (!socket.writable || isAnswering) return void socket.destroy();
      void answerBySocket(socket, bareRefusal(UNREADABLE[error.code ?? ""] ?? notHttp));
    });
  }

  /** Stops accepting, and is done when all that came in is answered and every WebSocket is closed. */
  close(): Promise<void> {
    this.#isClosing = true;
    for (const outgoing of this.#answering) outgoing.shouldKeepAlive = false;
    return new Promise((resolve) => this.node.close(() => resolve()));
  }

  /** Ends what is still open. */
  terminate(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.node.closeAllConnections();
  }

  #answered(outgoing: ServerResponse): void {
    this.#answering.delete(outgoing);
    if (this.#isClosing) this.node.closeIdleConnections();
  }
}
