import { type ServerOptions, WebSocketServer } from "ws";
import { acceptConnection, memoryStore, type ServerConnection } from "../../src/server/index.js";
import { ALICE, BOB, CHAT, SESSION_KEY } from "./fixture.js";

export interface StoredByServer {
  readonly client_id?: string | undefined;
  readonly content: Uint8Array;
}

/** A server of lacre/server on WebSockets for alice and bob, by default on a port of its own. */
export async function startServer(on: ServerOptions = { host: "127.0.0.1", port: 0 }) {
  const stored: StoredByServer[] = [];
  const connections = new Set<ServerConnection>();
  const store = memoryStore({ members: (id) => (id === CHAT ? [ALICE, BOB] : undefined) });
  const state = { isDown: false };
  const listener = new WebSocketServer({ ...on, verifyClient: () => !state.isDown });
  listener.on("connection", (socket, { url: path }) => {
    const connection = acceptConnection({
      session: { session_key: SESSION_KEY, user_id: Number(path!.slice(1)) },
      store,
      send: (bytes) => socket.send(bytes),
      close: (code, reason) => socket.close(code, reason),
      onStored(message) {
        stored.push(message);
        for (const one of connections) if (one !== connection) one.deliver(message);
      },
    });
    connections.add(connection);
    socket.on("message", (data) => void connection.receive(data as Uint8Array));
    socket.on("close", () => {
      connection.closed();
      connections.delete(connection);
    });
  });
  await new Promise((resolve) => listener.on("listening", resolve));
  return {
    url: `127.0.0.1:${(listener.address() as { port: number }).port}`,
    /** The messages that the server stored. */
    stored,
    /** The sockets of the clients. */
    sockets: listener.clients,
    /** Ends all connections, and rejects new ones until `up`. */
    down() {
      state.isDown = true;
      for (const socket of listener.clients) socket.terminate();
    },
    up() {
      state.isDown = false;
    },
    close: () => listener.close(),
  };
}
