import { once } from "node:events";
import { ChatMessage, MessageProtocol, SigningKey } from "lacre";
import { Channel } from "lacre/server";
import { WebSocket } from "ws";
import { messageOf } from "./lacre-peer.js";
import type { Listener, Peer, PeerPlan } from "./peer.js";

const USER_BYTES = 4;
const key = SigningKey.from(new Uint8Array(32).fill(7));

/** Connects to the bare WebSocket server. Signs and opens frames as a lacre client does. The echo is the acknowledgement. */
export async function connectEchoPeer(
  url: string,
  { user_id, chats }: PeerPlan,
  listener: Listener,
): Promise<Peer> {
  const address = `${url.replace("http", "ws")}/?user=${user_id}`;
  const socket = new WebSocket(address, { perMessageDeflate: false });
  await once(socket, "open");
  const channel = new Channel({ wire: 2, own: key, peers: key });
  const peerOf = new Map(chats.map(({ chat_id, peer_id }) => [chat_id, peer_id]));
  socket.on("message", (data: Buffer) => {
    // Not `channel.open`: all peers share a key, and the times of two senders are in no order.
    const { payload } = MessageProtocol.open(data.subarray(USER_BYTES), { key });
    const { client_id, sender_id } = payload as { client_id: string; sender_id: number };
    if (sender_id === user_id) listener.acknowledged(client_id);
    else listener.delivered(client_id);
  });
  return {
    send(chat_id, client_id) {
      const message = messageOf(user_id, chat_id, client_id);
      const frame = channel.encode(ChatMessage, message, Date.now() / 1000);
      const addressed = Buffer.allocUnsafe(USER_BYTES + frame.length);
      addressed.writeUInt32BE(peerOf.get(chat_id)!);
      addressed.set(frame, USER_BYTES);
      socket.send(addressed);
    },
    close: () => socket.terminate(),
  };
}
