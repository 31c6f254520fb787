import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";

// The upper bound: returns each frame to its sender and forwards it, and neither reads nor stores it.
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
