/** What a server expects of its connections, in seconds. */
export interface Pace {
  /** For a client to say hello. */
  readonly greeting: number;
  /** For a client that says none to be taken for one of the first version, where such are served. */
  readonly firstVersion: number;
  /** At most between two frames of a client's. Some may be missed. */
  readonly heartbeat: number;
  /** Between two looks at whether a connection's session goes on. */
  readonly sessionCheck: number;
  /** For a user without a connection to come back before the others are told. */
  readonly absence: number;
}

export const PACE: Pace = {
  greeting: 10,
  firstVersion: 2,
  heartbeat: 30,
  sessionCheck: 60,
  absence: 5,
};
