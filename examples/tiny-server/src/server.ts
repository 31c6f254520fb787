import { acceptConnection, CLOSE, memoryStore, type ServerConnection } from "lacre/server";
import { WebSocketServer } from "ws";

/** The session of each token. */
export type Sessions = ReadonlyMap<string, { user_id: number; session_key: Uint8Array }>;
/** The user ids of the members of each chat. */
export type Chats = ReadonlyMap<number, readonly number[]>;

/** Starts a chat server at `ws://127.0.0.1:PORT/?token=TOKEN`. Sessions and chats may be added while it runs. */
export function startServer(port: number, sessions: Sessions, chats: Chats): WebSocketServer {
  const store = memoryStore({ members: (chat_id) => chats.get(chat_id) });
  const connections = new Set<ServerConnection>();
  const server = new WebSocketServer({ port, host: "127.0.0.1", maxPayload: 1_048_576 });

  /** Returns the connections of a chat's members, except one, and except all of its user for `typing` and presence. */
  function others(from: ServerConnection, chatId: number | undefined, areAll: boolean) {
    const members = chats.get(chatId ?? 0) ?? [];
    const isOther = (one: ServerConnection) =>
      areAll ? one !== from : one.user_id !== from.user_id;
    return [...connections].filter((one) => isOther(one) && members.includes(one.user_id));
  }

  server.on("connection", (socket, request) => {
    const token = new URL(request.url!, "ws://localhost").searchParams.get("token") ?? "";
    const session = sessions.get(token);
    if (session === undefined) return socket.close(CLOSE.notAuthorised);
    const { user_id } = session;
    const connection = acceptConnection({
      ...{ session, store },
      send: (bytes) => socket.send(bytes),
      close: (code, reason) => socket.close(code, reason),
      buffered: () => socket.bufferedAmount,
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      onConfirmed() {
        const own = [...chats].filter(([, members]) => members.includes(user_id));
        for (const peer of new Set(own.flatMap(([chatId]) => others(connection, chatId, false))))
          peer.deliverStatus({ event_type: "user_online", user_id });
      },
      onStored(message) {
        for (const one of others(connection, message.chat_id, true)) one.deliver(message);
      },
      onStatus(status) {
        const areAll = status.event_type !== "typing";
        for (const one of others(connection, status.chat_id, areAll)) one.deliverStatus(status);
      },
      onRejected: ({ code }, error) => code === "ERR_UNAVAILABLE" && console.error(error),
    });
    connections.add(connection);
    socket.on("message", (data, isBinary) => connection.receive(isBinary ? data : String(data)));
    socket.on("error", () => {}); // `close` follows
    socket.on("close", () => connections.delete(connection) && connection.closed());
  });

  const timer = setInterval(() => {
    for (const one of connections) one.tick(performance.now() / 1000);
  }, 1000);
  return server.on("close", () => clearInterval(timer));
}
