import { once } from "node:events";
import { WebSocket } from "ws";
import { greet } from "./lacre-peer.js";
import type { Kind, PeerPlan } from "./peer.js";

export interface IdlePlan {
  readonly kind: Kind;
  readonly url: string;
  readonly peers: readonly PeerPlan[];
  /** Connections to open more. */
  readonly count: number;
}

const AT_ONCE = 50;

// Opens connections, greets where there is somebody to greet, and says nothing more.
process.on("message", async ({ kind, url, peers, count }: IdlePlan) => {
  for (let opened = 0; opened < count; opened += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, count - opened) }, async (_, at) => {
      const socket = kind === "lacre" ? await greetNext(url, peers) : await connectTo(url);
      socket.on("close", (code) => {
        throw new Error(`connection ${opened + at} was closed with ${code}`);
      });
    });
    await Promise.all(batch);
  }
  process.send!("open");
});

let greeted = 0;

async function greetNext(url: string, peers: readonly PeerPlan[]): Promise<WebSocket> {
  const { socket } = await greet(url, peers[greeted++ % peers.length]!);
  return socket;
}

async function connectTo(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url.replace("http", "ws"), { perMessageDeflate: false });
  await once(socket, "open");
  return socket;
}
