import type { Handshake } from "./handshake.js";
import { type Open, PROBE_TIMEOUT } from "./open.js";

/** Maximum seconds for a socket to open or to close, and for the server to answer a `hello`. */
export const TIMEOUT = 10;

/** Seconds by which a tick may be late before the session assumes that the process was suspended. */
export const LATE_TICK = 5;
/** Close code of a connection that ended without one (RFC 6455, section 7.4.1). */
export const LOST = 1006;

/** State of a session's connection, as in the state table of section 11 of docs/PROTOCOL.md. */
export type State = Unopened | Open;

type Unopened =
  /**
   * `isHurried`: the next attempt has a short timeout. Pooled HTTP connections may have been lost with the socket; the
   * attempt after it opens new ones.
   */
  | { readonly name: "waiting"; readonly until: number; readonly isHurried?: boolean }
  | { readonly name: "connecting"; readonly until: number }
  | { readonly name: "handshake"; readonly agree: Handshake["agree"]; readonly until: number }
  /** The session asked for a close that is not reported yet. */
  | { readonly name: "closing"; readonly until: number };

/** Returns the state after a probe: a waiting session connects immediately, and an attempt has at most 3 seconds left. */
export function hurried(state: Unopened, now: number): Unopened {
  // An infinite wait means that the session must not connect again.
  if (!Number.isFinite(state.until)) return state;
  if (state.name === "waiting") return { ...state, until: now, isHurried: true };
  return { ...state, until: Math.min(state.until, now + PROBE_TIMEOUT) };
}
