import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import {
  ChatMessage,
  Heartbeat,
  Hello,
  MessageProtocol,
  Resume,
  StatusEvent,
  Welcome,
} from "lacre";
import { Channel, directionKeys } from "lacre/server";
import { WebSocket } from "ws";

/** Options of this program, as JSON in the variable GREEDY. */
export interface GreedyOptions {
  readonly url: string;
  readonly user_id: number;
  readonly access_token: string;
  /** Hexadecimal. */
  readonly session_key: string;
  readonly chat_id: number;
}

const CONNECTIONS = 20;
/** Each connection sends 10 frames every 50 ms: 200 a second. */
const INTERVAL_MS = 50;
const FRAMES = 10;
/** A connection pauses while its socket has more unsent bytes than this. */
const MAX_QUEUED_BYTES = 64 * 1024;

const options = JSON.parse(process.env.GREEDY!) as GreedyOptions;
const session_key = new Uint8Array(Buffer.from(options.session_key, "hex"));

for (let count = 0; count < CONNECTIONS; count++) {
  const { socket, channel } = await connect();
  let sent = count;
  setInterval(() => {
    for (let frames = 0; frames < FRAMES; frames++) {
      if (socket.readyState !== WebSocket.OPEN || socket.bufferedAmount > MAX_QUEUED_BYTES) return;
      socket.send(nextFrame(channel, sent++));
    }
  }, INTERVAL_MS);
}
console.log("all connections are open");

async function connect(): Promise<{ socket: WebSocket; channel: Channel }> {
  const url = `${options.url.replace("http", "ws")}/ws?token=${options.access_token}`;
  const socket = new WebSocket(url, { perMessageDeflate: false });
  await once(socket, "open");
  const nonce = new Uint8Array(randomBytes(16));
  const hello = { nonce, wires: [2], capabilities: ["delivered"] };
  socket.send(Hello.toProtocol(hello, directionKeys(session_key).client).toBytes());
  const [bytes] = await once(socket, "message");
  const key = directionKeys(session_key).server;
  const welcome = Welcome.fromProtocol(MessageProtocol.open(bytes, { key }));
  const keys = directionKeys(session_key, { hello: nonce, welcome: welcome.nonce });
  // Read the answers from the socket and discard them.
  socket.on("message", () => {});
  return { socket, channel: new Channel({ wire: 2, own: keys.client, peers: keys.server }) };
}

/** Returns frames of all kinds in rotation, including some that the server rejects. */
function nextFrame(channel: Channel, index: number): Uint8Array {
  const { chat_id, user_id } = options;
  const now = Date.now() / 1000;
  switch (index % 7) {
    case 0:
    case 1:
      return channel.encode(Resume, { chat_id, after: 0, limit: 100 }, now);
    case 2:
      return channel.encode(StatusEvent, { event_type: "typing", chat_id, user_id }, now);
    case 3: {
      const seq = 1 + (index % 100);
      return channel.encode(StatusEvent, { event_type: "read", chat_id, user_id, seq }, now);
    }
    case 4:
      return channel.encode(Heartbeat, { sent_at: now }, now);
    case 5:
      return randomBytes(300);
    default: {
      const message = {
        ...{ chat_id, sender_id: user_id, client_id: randomUUID(), timestamp: now },
        ...{ content: new Uint8Array(randomBytes(144)), nonce: new Uint8Array(randomBytes(12)) },
      };
      return channel.encode(ChatMessage, message, now);
    }
  }
}
