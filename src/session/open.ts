import type * as z from "zod/mini";
import type { VerifiedMessage } from "../envelope/message-protocol.js";
import type { Welcome } from "../messages/connection.js";
import type { MessageDefinition, PayloadSchema } from "../messages/define-message.js";
import type { Channel } from "./channel.js";
import { withinPatience } from "./patience.js";

/** Heartbeats of the server's without any frame after which a connection is given up. */
const SILENT_HEARTBEATS = 3;
/** Seconds after which a connection that breaks was a good one, and the next attempt is made as the first one was. */
const STABLE_AFTER = 10;

/** An agreed connection, and when something came and went over it. */
export class Open {
  readonly name = "open";
  readonly wire: 1 | 2;
  readonly capabilities: readonly string[];
  readonly #channel: Channel;
  readonly #heartbeat: number;
  /** How far the server's clock is ahead of ours, in seconds. */
  readonly #clockOffset: number;
  readonly #since: number;
  #lastReceived: number;
  #lastSent: number;

  constructor(channel: Channel, welcome: Welcome, clockOffset: number, now: number) {
    this.wire = channel.wire;
    this.capabilities = welcome.capabilities;
    this.#channel = channel;
    this.#heartbeat = withinPatience(welcome.heartbeat);
    this.#clockOffset = clockOffset;
    this.#since = now;
    this.#lastReceived = now;
    this.#lastSent = now;
  }

  /** The frame of a value, which is sent. Throws ValidationError. */
  encode<Type extends string, Schema extends PayloadSchema>(
    definition: MessageDefinition<Type, Schema>,
    value: z.input<Schema>,
    now: number,
  ): Uint8Array {
    this.#lastSent = now;
    return this.#channel.encode(definition, value, now + this.#clockOffset);
  }

  /** Opens a frame that came. Throws what `Channel.open` throws. */
  open(data: unknown, now: number): VerifiedMessage {
    const message = this.#channel.open(data, now + this.#clockOffset);
    this.#lastReceived = now;
    return message;
  }

  /** When a sign of life is to be sent, Unix time in seconds. */
  get heartbeatAt(): number {
    return this.#lastSent + this.#heartbeat;
  }

  /** When a connection on which nothing comes is given up, Unix time in seconds. */
  get silentAt(): number {
    return this.#lastReceived + this.#heartbeat * SILENT_HEARTBEATS;
  }

  isStable(now: number): boolean {
    return now - this.#since >= STABLE_AFTER;
  }
}
