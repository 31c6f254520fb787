import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Context, Hono } from "hono";
import type { WebSocket, WebSocketServer } from "ws";
import { HttpError } from "../errors.js";
import { malformedAddress } from "./addresses.js";
import { answerBySocket, rawErrorAnswer } from "./raw-answers.js";

type Open = (socket: WebSocket) => void;

interface UpgradeBindings {
  readonly incoming: IncomingMessage;
  isUpgraded: boolean;
  /** Set for requests for a WebSocket. */
  readonly upgrade?: (open: Open) => void;
}

/**
 * Upgrades the request to a WebSocket after its route has finished.
 *
 * @throws {HttpError} if the request does not ask for a WebSocket.
 */
export function upgradeWebSocket(context: Context, open: Open): Response {
  const { upgrade } = context.env as UpgradeBindings;
  if (upgrade === undefined) {
    context.header("Upgrade", "websocket");
    throw new HttpError(
      426,
      "ERR_UPGRADE_REQUIRED",
      "this endpoint is a WebSocket: send a WebSocket handshake",
    );
  }
  upgrade(open);
  return context.body(null);
}

/**
 * Handles a request with an Upgrade header through the routes: opens a WebSocket, or sends the route's response. Node's
 * HTTP parser no longer reads the socket at this point.
 */
export async function handleUpgrade(
  app: Hono,
  sockets: WebSocketServer,
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  socket.on("error", ignoreError);
  let accepted: Open | undefined;
  const isWebSocket = incoming.headers.upgrade?.toLowerCase() === "websocket";
  const bindings: UpgradeBindings = {
    incoming,
    isUpgraded: false,
    ...(isWebSocket && {
      upgrade: (open: Open) => {
        accepted = open;
        bindings.isUpgraded = true;
      },
    }),
  };
  const request = readRequest(incoming);
  const response =
    request instanceof HttpError ? rawErrorAnswer(request) : await app.fetch(request, bindings);
  if (socket.destroyed) return;
  if (accepted === undefined) return answerBySocket(socket, response);
  sockets.handleUpgrade(incoming, socket, head, accepted);
}

/** Is outside of `handleUpgrade`: a function inside would keep the request in memory for as long as the socket is open. */
function ignoreError(): void {}

function readRequest({ method, url, headers }: IncomingMessage): Request | HttpError {
  // The server cannot read a body here, because Node no longer parses the socket.
  if (method !== "GET") {
    return new HttpError(
      400,
      "ERR_MALFORMED_REQUEST",
      "only GET may have an Upgrade header: remove the header",
    );
  }
  try {
    const entries = Object.entries(headers).map(([name, value]) => [name, String(value)] as const);
    return new Request(`http://localhost${url}`, {
      headers: new Headers(Object.fromEntries(entries)),
    });
  } catch {
    return malformedAddress;
  }
}
