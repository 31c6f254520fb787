/** A limit on how often something may be done. */
export interface Limit {
  /** Also the counters' name, so that limits do not share them. */
  readonly name: string;
  readonly points: number;
  /** In seconds. */
  readonly window: number;
}

/** Where one stands against a limit. */
export interface Allowance {
  readonly isAllowed: boolean;
  readonly remaining: number;
  /** When the window is over, Unix time in seconds. */
  readonly resetsAt: number;
}

/** What one instance tells the others. */
export type Announcement =
  /** A frame's content for these users' connections, but for the one that it came from. */
  | {
      readonly type: "deliver";
      readonly user_ids: readonly number[];
      readonly except?: string;
      readonly message: { readonly type: string; readonly value: unknown };
    }
  /** A session is over: its connections are closed. The id in hex. */
  | { readonly type: "revoked"; readonly session_id: string };

/** What the instances of a server share besides their database. */
export interface Coordination {
  /** Tells every instance, this one too. It does not wait, and an instance that is cut off does not hear it. */
  announce(announcement: Announcement): void;
  onAnnouncement(listener: (announcement: Announcement) => void): void;

  /** Keeps what a one-use ticket stands for, for so many seconds. */
  keepTicket(ticket: string, value: string, seconds: number): Promise<void>;
  /** What a ticket stands for: once, and to one instance only. */
  takeTicket(ticket: string): Promise<string | undefined>;

  /** Counts one try of `key` against a limit. */
  consume(limit: Limit, key: string): Promise<Allowance>;

  /** Notes that a user has a connection, until `connectionId` leaves or its instance is gone; whether it is the user's first. */
  enter(userId: number, connectionId: string): Promise<boolean>;
  /** Whether it was the user's last. */
  leave(userId: number, connectionId: string): Promise<boolean>;
  /** Those of the users that have a connection somewhere. */
  present(userIds: readonly number[]): Promise<number[]>;

  close(): Promise<void>;
}
