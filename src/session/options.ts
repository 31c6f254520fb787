import type { OutgoingMessage } from "./events.js";

/** What a session begins with. */
export interface SessionOptions {
  /** The 32 bytes that an AuthResponse gave. */
  readonly session_key: Uint8Array;
  /** Who writes. */
  readonly user_id: number;
  readonly device_id?: string;
  /** Entries of the outbox that were persisted and not forgotten, in the order in which they were persisted. */
  readonly outbox?: Iterable<OutgoingMessage>;
  /** How far each chat was handed over. */
  readonly cursors?: Iterable<readonly [chatId: number, seq: number]>;
  /** The wires to offer. By default 2 and 1. */
  readonly wires?: readonly (1 | 2)[];
  /** What this client can do, such as `delivered`. */
  readonly capabilities?: readonly string[];
  /** A number from [0, 1) for the jitter of reconnecting. By default Math.random. */
  readonly random?: () => number;
}
