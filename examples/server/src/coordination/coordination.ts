import type { ChatMessage, DevicesEvent, StatusEvent } from "lacre";

/** A rate limit with a fixed window. */
export interface Limit {
  /** Name of the limit, also used in counter keys, so that limits do not share counters. */
  readonly name: string;
  readonly points: number;
  /** Length of the window in seconds. */
  readonly window: number;
}

/** A token bucket that earns `perSecond` points and holds at most `capacity`. */
export interface Bucket {
  readonly name: string;
  readonly perSecond: number;
  readonly capacity: number;
}

/** Result of counting an attempt against a limit. */
export interface Allowance {
  readonly isAllowed: boolean;
  readonly remaining: number;
  /** Seconds until the window is over. */
  readonly resetsIn: number;
}

/** Type and content of a frame to send to connections. */
export type Delivery =
  | { readonly type: "message"; readonly value: ChatMessage }
  | { readonly type: "status"; readonly value: StatusEvent }
  | { readonly type: "devices"; readonly value: DevicesEvent };

/** A message from one instance to all instances. */
export type PubSubMessage =
  /** Send a frame to these users' connections, except the connection `except` of the publishing instance. */
  | {
      readonly type: "deliver";
      readonly user_ids: readonly number[];
      readonly except?: number;
      /** Capability that a connection must have in force to receive the frame. */
      readonly capability?: string | undefined;
      readonly delivery: Delivery;
    }
  /** Close the connections of a session that ended. `session_id` is in hex. */
  | { readonly type: "revoked"; readonly session_id: string };

/** Callbacks for events from other instances. */
export interface CoordinationListener {
  onMessage(message: PubSubMessage): void;
  /** Pub/sub messages were lost: this instance's connections may have gaps. */
  onGap(): void;
  /** Users went offline because their instance stopped responding, or came back online. */
  onPresenceChanged(userIds: readonly number[], isPresent: boolean): void;
}

/** State and messages that the instances of a server share in addition to the database. */
export interface Coordination {
  /** Whether this instance can reach the others. */
  readonly isUp: boolean;

  /** Publishes a message to all instances without waiting. This instance receives it synchronously. */
  publish(message: PubSubMessage): void;
  listen(listener: CoordinationListener): void;

  /** Stores the value of a one-use ticket for `seconds`. */
  keepTicket(ticket: string, value: string, seconds: number): Promise<void>;
  /** Returns and removes a ticket's value, so that only one caller on all instances receives it. */
  takeTicket(ticket: string): Promise<string | undefined>;

  /** Counts one attempt of `key` against a limit. */
  consume(limit: Limit, key: string): Promise<Allowance>;
  /** Takes back one counted attempt of `key`. */
  restore(limit: Limit, key: string): Promise<void>;

  /**
   * Subtracts the points that users spent on this instance from their shared buckets. Returns the points left per user, which
   * may be negative. Returns an empty map if this instance runs alone.
   */
  spend(bucket: Bucket, points: ReadonlyMap<number, number>): Promise<ReadonlyMap<number, number>>;

  /** Marks a user as connected to this instance. Returns true if the user was offline on all instances. */
  enter(userId: number): Promise<boolean>;
  /** Marks a user as no longer connected to this instance. Returns true if the user is now offline on all instances. */
  leave(userId: number): Promise<boolean>;
  /** Returns the users that are connected to any instance. */
  present(userIds: readonly number[]): Promise<number[]>;

  close(): Promise<void>;
}
