import { createServer, type Server, type ServerResponse } from "node:http";
import { getRequestListener, RequestError } from "@hono/node-server";
import type { Hono } from "hono";
import { WebSocketServer } from "ws";
import { HttpError, internalError } from "../errors.js";
import { malformedAddress } from "./addresses.js";
import { answerBySocket, rawErrorAnswer } from "./raw-answers.js";
import { handleUpgrade } from "./upgrades.js";

const MAX_FRAME_BYTES = 1024 * 1024;

/** Timeouts for slow clients, in milliseconds. */
const SLOW_CLIENTS = {
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  /**
   * Exceeds the idle timeout of common proxies, so that a proxy does not write to a connection that the server is closing.
   */
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 5000,
  idleTimeout: 90_000,
};

/** Errors by the code with which Node's HTTP parser rejects a request. */
const PARSER_ERRORS: Readonly<Record<string, HttpError>> = {
  HPE_HEADER_OVERFLOW: new HttpError(
    431,
    "ERR_HEADERS_TOO_LARGE",
    "the headers are larger than 16 KiB: send fewer",
  ),
  ERR_HTTP_REQUEST_TIMEOUT: new HttpError(
    408,
    "ERR_REQUEST_TIMEOUT",
    "the request was not complete in time: send it again",
  ),
};
const malformed = (message: string) => new HttpError(400, "ERR_MALFORMED_REQUEST", message);
const notHttp = malformed("not a valid HTTP/1.1 request: check its syntax");
const notProxy = malformed("this server is not a proxy: send the path of an endpoint");

/** Serves an app over HTTP and WebSockets. The caller starts listening on `node`. */
export class HttpServer {
  readonly node: Server;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
  });
  readonly #inFlight = new Set<ServerResponse>();
  #isClosing = false;

  constructor(app: Hono, { idleTimeout, ...timeouts } = SLOW_CLIENTS) {
    const listen = getRequestListener(app.fetch, {
      errorHandler: (error) =>
        rawErrorAnswer(error instanceof RequestError ? malformedAddress : internalError),
    });
    // Let the app reject a missing Host header, because Node's own answer has no ErrorResponse.
    const options = { ...timeouts, maxHeaderSize: 16_384, requireHostHeader: false };
    this.node = createServer(options, (incoming, outgoing) => {
      this.#inFlight.add(outgoing);
      outgoing.once("close", () => this.#onAnswered(outgoing));
      // Load balancers often send health checks in HTTP/1.0, without a Host header.
      if (incoming.httpVersion === "1.0") incoming.headers.host ??= "localhost";
      return listen(incoming, outgoing);
    });
    this.node.timeout = idleTimeout;
    this.node.on("upgrade", (incoming, socket, head) =>
      handleUpgrade(app, this.#sockets, incoming, socket, head),
    );
    this.#sockets.on("wsClientError", ({ message }, socket) => {
      void answerBySocket(
        socket,
        rawErrorAnswer(malformed(`invalid WebSocket handshake: ${message}`)),
      );
    });
    this.node.on("connect", (_, socket) => void answerBySocket(socket, rawErrorAnswer(notProxy)));
    this.node.on("clientError", (error: NodeJS.ErrnoException, socket) => {
      const isInFlight = [...this.#inFlight].some((outgoing) => outgoing.socket === socket);
      if (!socket.writable || isInFlight) return void socket.destroy();
      void answerBySocket(socket, rawErrorAnswer(PARSER_ERRORS[error.code ?? ""] ?? notHttp));
    });
  }

  /** Stops accepting connections. Resolves when all requests are answered and all WebSockets are closed. */
  close(): Promise<void> {
    this.#isClosing = true;
    for (const outgoing of this.#inFlight) outgoing.shouldKeepAlive = false;
    return new Promise((resolve) => this.node.close(() => resolve()));
  }

  /** Closes all open connections immediately. */
  terminate(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.node.closeAllConnections();
  }

  #onAnswered(outgoing: ServerResponse): void {
    this.#inFlight.delete(outgoing);
    if (this.#isClosing) this.node.closeIdleConnections();
  }
}
