import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Context, Hono } from "hono";
import type { WebSocket, WebSocketServer } from "ws";
import { Refusal } from "../errors.js";
import { malformedAddress } from "./addresses.js";
import { answerBySocket, bareRefusal } from "./raw-answers.js";

type Open = (socket: WebSocket) => void;

interface UpgradeBindings {
  readonly incoming: IncomingMessage;
  isUpgraded: boolean;
  /** There for requests that ask for a WebSocket. */
  readonly upgrade?: (open: Open) => void;
}

/** Makes a WebSocket of the request, once its route is done. Throws a Refusal where it asks for none. */
export function upgradeWebSocket(context: Context, open: Open): Response {
  const { upgrade } = context.env as UpgradeBindings;
  if (upgrade === undefined) {
    context.header("Upgrade", "websocket");
    throw new Refusal(426, "ERR_UPGRADE_REQUIRED", "this address is for WebSockets: connect to it");
  }
  upgrade(open);
  return context.body(null);
}

/**
 * Has the routes answer a request that names another protocol: with a WebSocket, or as they would without that. Node's
 * parser has let go of the socket by then.
 */
export async function handleUpgrade(
  app: Hono,
  sockets: WebSocketServer,
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  socket.on("error", () => {});
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
    request instanceof Refusal ? bareRefusal(request) : await app.fetch(request, bindings);
  if (socket.destroyed) return;
  if (accepted === undefined) return answerBySocket(socket, response);
  sockets.handleUpgrade(incoming, socket, head, accepted);
}

function readRequest({ method, url, headers }: IncomingMessage): Request | Refusal {
  // What comes after the head is no longer read as HTTP.
  if (method !== "GET") {
    return new Refusal(400, "ERR_MALFORMED_REQUEST", "send this without an Upgrade header");
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
