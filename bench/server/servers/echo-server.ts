import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";

// The limit: takes a frame, gives it back and hands it on, and neither reads nor keeps anything.
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
const sockets = new Map<number, WebSocket>();

server.on("connection", (socket, request) => {
  const user = Number(new URL(request.url!, "ws://here").searchParams.get("user"));
  sockets.set(user, socket);
  socket.on("message", (data: Buffer) => {
    socket.send(data);
    sockets.get(data.readUInt32BE(0))?.send(data);
  });
  socket.on("error", () => {});
});

await once(server, "listening");
process.send!((server.address() as AddressInfo).port);
process.on("disconnect", () => process.exit());
