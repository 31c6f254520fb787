import { once } from "node:events";
import { io } from "socket.io-client";
import { messageOf } from "./lacre-peer.js";
import type { Listener, Peer, PeerPlan } from "./peer.js";

/** Connects to the Socket.IO server. Sends the same message as an unsigned object, which Socket.IO acknowledges. */
export async function connectSocketIoPeer(
  url: string,
  { user_id, chats }: PeerPlan,
  listener: Listener,
): Promise<Peer> {
  const socket = io(url, { transports: ["websocket"], forceNew: true, auth: { user_id } });
  await once(socket as unknown as EventTarget & NodeJS.EventEmitter, "connect");
  const peerOf = new Map(chats.map(({ chat_id, peer_id }) => [chat_id, peer_id]));
  socket.on("message", ({ client_id }: { client_id: string }) => listener.delivered(client_id));
  return {
    send(chat_id, client_id) {
      const message = { ...messageOf(user_id, chat_id, client_id), peer_id: peerOf.get(chat_id) };
      socket.emit("message", message, () => listener.acknowledged(client_id));
    },
    close: () => void socket.close(),
  };
}
