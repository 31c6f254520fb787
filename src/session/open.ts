import type { Agreement, Greeting } from "./handshake.js";

/** Heartbeats of the server's that may be missed before a connection is given up. */
const MISSED_HEARTBEATS = 2;

/** Where a session's connection stands. */
export type State =
  | { readonly name: "waiting"; readonly until: number }
  | { readonly name: "connecting"; readonly deadline: number }
  | { readonly name: "greeting"; readonly greeting: Greeting; readonly deadline: number }
  | Open
  /** Told to close, and not closed yet. */
  | { readonly name: "closing" };

/** An agreed connection. */
export interface Open extends Agreement {
  readonly name: "open";
  /** How far the server's clock is ahead of ours, in seconds. */
  readonly clockOffset: number;
  readonly since: number;
  lastReceived: number;
  lastSent: number;
}

/** When a connection on which nothing comes is given up. */
export function silentUntil({ lastReceived, welcome }: Open): number {
  return lastReceived + welcome.heartbeat * (1 + MISSED_HEARTBEATS);
}
