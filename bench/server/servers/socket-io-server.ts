import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, type Socket } from "socket.io";
import { type Message, SqliteMessages } from "./sqlite-messages.js";

// A common design: Socket.IO, which stores one row per message and then acknowledges it.
const [databasePath, mode] = process.argv.slice(2);
const messages = new SqliteMessages(databasePath!, mode === "group");
const http = createServer();
const io = new Server(http, { transports: ["websocket"], perMessageDeflate: false });
const sockets = new Map<number, Socket>();

io.on("connection", (socket) => {
  const { user_id } = socket.handshake.auth as { user_id: number };
  sockets.set(user_id, socket);
  socket.on("message", (message: Message & { peer_id: number }, acknowledge) => {
    messages.store(message, (stored) => {
      acknowledge(stored);
      sockets.get(message.peer_id)?.emit("message", { ...message, ...stored });
    });
  });
});

http.listen(0, "127.0.0.1");
await once(http, "listening");
process.send!((http.address() as AddressInfo).port);
process.on("disconnect", () => process.exit());
