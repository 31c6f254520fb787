import { createServer, type Server, type ServerResponse } from "node:http";
import { getRequestListener, RequestError } from "@hono/node-server";
import type { Hono } from "hono";
import { WebSocketServer } from "ws";
import { HttpError, internalError } from "../errors.js";
import { malformedAddress } from "./addresses.js";
import { answerBySocket, bareRefusal } from "./raw-answers.js";
import { handleUpgrade } from "./upgrades.js";

const MAX_FRAME_BYTES = 1024 * 1024;

/** Timeouts for slow clients, in milliseconds. */
const SLOW_CLIENTS = {
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  /** Longer than the timeout of proxies, so that a proxy does not write to a connection that the server closes. */
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 5000,
  idleTimeout: 90_000,
};

/** Errors for requests that Node's parser rejects. */
const UNREADABLE: Readonly<Record<string, HttpError>> = {
  HPE_HEADER_OVERFLOW: new HttpError(
    431,
    "ERR_HEADERS_TOO_LARGE",
    "the headers have more than 16 KiB: send fewer",
  ),
  ERR_HTTP_REQUEST_TIMEOUT: new HttpError(
    408,
    "ERR_REQUEST_TIMEOUT",
    "the request did not come to its end in time: send it again",
  ),
};
const malformed = (message: string) => new HttpError(400, "ERR_MALFORMED_REQUEST", message);
const notHttp = malformed("this is no HTTP/1.1 request");
const notProxy = malformed("this server is no proxy: ask for an address of its own");

/** Serves an app over HTTP and WebSockets. The caller starts listening on `node`. */
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
    // Let the app reject a missing Host header, because Node's own answer has no ErrorResponse.
    const options = { ...timeouts, maxHeaderSize: 16_384, requireHostHeader: false };
    this.node = createServer(options, (incoming, outgoing) => {
      this.#answering.add(outgoing);
      outgoing.once("close", () => this.#answered(outgoing));
      // Load balancers often send health checks in HTTP/1.0, without a Host header.
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

  /** Stops accepting connections. Resolves when all requests are answered and all WebSockets are closed. */
  close(): Promise<void> {
    this.#isClosing = true;
    for (const outgoing of this.#answering) outgoing.shouldKeepAlive = false;
    return new Promise((resolve) => this.node.close(() => resolve()));
  }

  /** Closes all open connections immediately. */
  terminate(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.node.closeAllConnections();
  }

  #answered(outgoing: ServerResponse): void {
    this.#answering.delete(outgoing);
    if (this.#isClosing) this.node.closeIdleConnections();
  }
}
