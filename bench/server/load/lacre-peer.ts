import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { ChatMessage, Heartbeat, Hello, MessageProtocol, Welcome } from "lacre";
import { Channel, directionKeys } from "lacre/server";
import { WebSocket } from "ws";
import { CONTENT_BYTES, type Listener, type Peer, type PeerPlan } from "./peer.js";

const content = new Uint8Array(randomBytes(CONTENT_BYTES));
const HEARTBEAT_MS = 20_000;

/** Connects to a lacre server, performs the handshake, and uses wire 2. */
export async function connectLacrePeer(
  url: string,
  plan: PeerPlan,
  listener: Listener,
): Promise<Peer> {
  const { socket, channel } = await handshake(url, plan);
  const now = () => Date.now() / 1000;
  socket.on("message", (data) => {
    const message = channel.open(data, now());
    const { client_id } = message.payload as { client_id: string };
    if (message.type === "ack") listener.acknowledged(client_id);
    else if (message.type === "message") listener.delivered(client_id);
    else if (message.type === "error") throw new Error(JSON.stringify(message.payload));
  });
  const alarm = setInterval(() => {
    socket.send(channel.encode(Heartbeat, { sent_at: now() }, now()));
  }, HEARTBEAT_MS);
  return {
    send(chat_id, client_id) {
      socket.send(channel.encode(ChatMessage, messageOf(plan.user_id, chat_id, client_id), now()));
    },
    close() {
      clearInterval(alarm);
      socket.terminate();
    },
  };
}

/** Returns a message with the fields of an encrypted one. */
export function messageOf(sender_id: number, chat_id: number, client_id: string) {
  const nonce = new Uint8Array(randomBytes(12));
  const timestamp = Math.floor(Date.now()) / 1000;
  return { chat_id, sender_id, content, nonce, timestamp, client_id };
}

/** Opens a connection, and performs the handshake that produces its keys. */
export async function handshake(
  url: string,
  { session_key, access_token }: PeerPlan,
): Promise<{ readonly socket: WebSocket; readonly channel: Channel }> {
  const address = `${url.replace("http", "ws")}/ws?token=${access_token}`;
  const socket = new WebSocket(address, { perMessageDeflate: false });
  await once(socket, "open");
  const handshakeKeys = directionKeys(session_key);
  const hello = new Uint8Array(randomBytes(16));
  const offer = { nonce: hello, wires: [2], capabilities: [] };
  socket.send(Hello.toProtocol(offer, handshakeKeys.client).toBytes());
  const [frame] = await once(socket, "message");
  const welcome = Welcome.fromProtocol(MessageProtocol.open(frame, { key: handshakeKeys.server }));
  const keys = directionKeys(session_key, { hello, welcome: welcome.nonce });
  const channel = new Channel({ wire: 2, own: keys.client, peers: keys.server });
  const sent_at = Date.now() / 1000;
  socket.send(channel.encode(Heartbeat, { sent_at }, sent_at));
  return { socket, channel };
}
