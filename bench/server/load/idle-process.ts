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
    const batch = Array.from({ length: Math.min(AT_ONCE, count - opened) }, (_, at) =>
      kind === "lacre" ? greet(url, peers[(opened + at) % peers.length]!) : connectTo(url),
    );
    await Promise.all(batch);
  }
  process.send!("open");
});

async function connectTo(url: string): Promise<void> {
  const socket = new WebSocket(url.replace("http", "ws"), { perMessageDeflate: false });
  await once(socket, "open");
}
