import type { ChatMessage, StatusEvent } from "lacre";

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

/** What goes to connections: a frame's type and content. */
export type Delivery =
  | { readonly type: "message"; readonly value: ChatMessage }
  | { readonly type: "status"; readonly value: StatusEvent };

/** What one instance tells the others. */
export type Announcement =
  /** For these users' connections, but for the one that it came from, which is of the instance that announces it. */
  | {
      readonly type: "deliver";
      readonly user_ids: readonly number[];
      readonly except?: number;
      readonly delivery: Delivery;
    }
  /** A session is over: its connections are closed. The id in hex. */
  | { readonly type: "revoked"; readonly session_id: string };

/** What an instance is told. */
export interface CoordinationListener {
  announced(announcement: Announcement): void;
  /** Announcements of other instances were lost: this one's connections may have holes. */
  missed(): void;
  /** Users of an instance that died, or was taken for dead, are no longer present, or are again. */
  presenceChanged(userIds: readonly number[], isPresent: boolean): void;
}

/** What the instances of a server share besides their database. */
export interface Coordination {
  /** Whether it reaches the other instances. */
  readonly isUp: boolean;

  /** Tells every instance, this one too, and this one at once. It does not wait. */
  announce(announcement: Announcement): void;
  listen(listener: CoordinationListener): void;

  /** Keeps what a one-use ticket stands for, for so many seconds. */
  keepTicket(ticket: string, value: string, seconds: number): Promise<void>;
  /** What a ticket stands for: once, and to one instance only. */
  takeTicket(ticket: string): Promise<string | undefined>;

  /** Counts one try of `key` against a limit. */
  consume(limit: Limit, key: string): Promise<Allowance>;

  /** Notes that a user is connected to this instance; whether they were present nowhere. */
  enter(userId: number): Promise<boolean>;
  /** Notes that a user no longer is; whether they are present nowhere now. */
  leave(userId: number): Promise<boolean>;
  /** Those of the users that are connected somewhere. */
  present(userIds: readonly number[]): Promise<number[]>;

  close(): Promise<void>;
}
