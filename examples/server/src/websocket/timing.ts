/** Timeouts and intervals of connections, in seconds. */
export interface TimingOptions {
  /** Time for a client to complete the handshake. */
  readonly handshake: number;
  /** Time without a hello after which the server treats a client as a version 1 client, if it serves them. */
  readonly legacyDetection: number;
  /** Maximum time between two frames of a client. The server tolerates a few missed intervals. */
  readonly heartbeat: number;
  /** Time between two checks that a connection's session is active. */
  readonly sessionCheck: number;
  /** Time after a user's last connection closes until peers receive `user_offline`. */
  readonly offlineDelay: number;
}

export const DEFAULT_TIMING: TimingOptions = {
  handshake: 10,
  legacyDetection: 2,
  heartbeat: 30,
  sessionCheck: 60,
  offlineDelay: 5,
};
