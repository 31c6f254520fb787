/** What a server expects of its connections, in seconds. */
export interface Pace {
  /** For a client to say hello. */
  readonly greeting: number;
  /** At most between two frames of a client's. Some may be missed. */
  readonly heartbeat: number;
}

export const PACE: Pace = { greeting: 10, heartbeat: 30 };
