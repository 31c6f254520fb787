import { once } from "node:events";
import { Heartbeat } from "lacre";
import { WebSocket } from "ws";
import { handshake } from "./lacre-peer.js";
import type { Kind, PeerPlan } from "./peer.js";

export interface IdlePlan {
  readonly kind: Kind;
  readonly url: string;
  readonly peers: readonly PeerPlan[];
  /** Number of additional connections to open. */
  readonly count: number;
}

const AT_ONCE = 50;
const HEARTBEAT_MS = 20_000;

// Opens connections, sends a hello to lacre servers, and then only heartbeats.
process.on("message", async ({ kind, url, peers, count }: IdlePlan) => {
  for (let opened = 0; opened < count; opened += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, count - opened) }, async (_, at) => {
      const socket = kind === "lacre" ? await connectNext(url, peers) : await connectTo(url);
      socket.on("close", (code) => {
        throw new Error(`connection ${opened + at} was closed with ${code}`);
      });
    });
    await Promise.all(batch);
  }
  process.send!("open");
});

let connected = 0;

async function connectNext(url: string, peers: readonly PeerPlan[]): Promise<WebSocket> {
  const { socket, channel } = await handshake(url, peers[connected++ % peers.length]!);
  setInterval(() => {
    const now = Date.now() / 1000;
    socket.send(channel.encode(Heartbeat, { sent_at: now }, now));
  }, HEARTBEAT_MS);
  return socket;
}

async function connectTo(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url.replace("http", "ws"), { perMessageDeflate: false });
  await once(socket, "open");
  return socket;
}
