import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { connectEchoPeer } from "./echo-peer.js";
import { connectLacrePeer } from "./lacre-peer.js";
import type { Kind, Listener, Peer, PeerPlan } from "./peer.js";
import { connectSocketIoPeer } from "./socket-io-peer.js";

const connectors = {
  lacre: connectLacrePeer,
  echo: connectEchoPeer,
  "socket.io": connectSocketIoPeer,
} as const;

export interface LoopPlan {
  readonly kind: Kind;
  readonly url: string;
  readonly peers: readonly PeerPlan[];
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

export interface LoopResult {
  readonly acknowledged: number;
  /** Milliseconds from the call to send to the delivery at the receiver. */
  readonly latencies: Float64Array;
  /** CPU time of this process. */
  readonly cpuSeconds: number;
}

/** Clients that send the next message to a chat as soon as the server acknowledges the previous one. */
export class ClosedLoop {
  readonly #plan: LoopPlan;
  readonly #peers: Peer[] = [];
  /** Functions that send the first message of a client to one of its chats. */
  readonly #starts: (() => void)[] = [];
  /** Times at which the messages in flight were sent. */
  readonly #sentAt = new Map<string, number>();
  #acknowledged = 0;
  #latencies: number[] = [];
  #isOver = false;

  constructor(plan: LoopPlan) {
    this.#plan = plan;
  }

  async connect(): Promise<void> {
    const { kind, url, peers } = this.#plan;
    for (const plan of peers) {
      // An acknowledgement names its chat only by the client id of the message.
      const chatOf = new Map<string, number>();
      const write = (chat: number) => {
        const clientId = randomUUID();
        chatOf.set(clientId, chat);
        this.#sentAt.set(clientId, performance.now());
        peer.send(chat, clientId);
      };
      const listener: Listener = {
        acknowledged: (clientId) => {
          this.#acknowledged += 1;
          const chat = chatOf.get(clientId)!;
          chatOf.delete(clientId);
          if (!this.#isOver) write(chat);
        },
        delivered: (clientId) => this.#note(clientId),
      };
      const peer = await connectors[kind](url, plan, listener);
      this.#peers.push(peer);
      for (const { chat_id } of plan.chats) this.#starts.push(() => write(chat_id));
    }
  }

  async run(): Promise<LoopResult> {
    for (const start of this.#starts) start();
    await delay(this.#plan.warmUpSeconds * 1000);
    const before = this.#acknowledged;
    this.#latencies = [];
    const cpu = process.cpuUsage();
    await delay(this.#plan.seconds * 1000);
    const acknowledged = this.#acknowledged - before;
    const latencies = Float64Array.from(this.#latencies);
    const { user, system } = process.cpuUsage(cpu);
    this.#isOver = true;
    for (const peer of this.#peers) peer.close();
    return { acknowledged, latencies, cpuSeconds: (user + system) / 1e6 };
  }

  #note(clientId: string): void {
    this.#latencies.push(performance.now() - this.#sentAt.get(clientId)!);
    this.#sentAt.delete(clientId);
  }
}
