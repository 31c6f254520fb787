import type { Bytes } from "../bytes.js";
import type { Channel } from "../connection/channel.js";
import type { VerifiedMessage } from "../envelope/message-protocol.js";
import { Heartbeat, type Welcome } from "../messages/connection.js";
import type { MessageDefinition, PayloadSchema, ValueToSend } from "../messages/define-message.js";
import { clampTimeout } from "./clamp-timeout.js";

/** Number of heartbeat intervals without any frame after which the connection counts as silent. */
const SILENT_HEARTBEATS = 3;
/**
 * Number of heartbeat intervals without an answer to a heartbeat after which the connection counts as silent, even if other
 * frames arrive. Also the maximum number of remembered heartbeats without an answer.
 */
const UNANSWERED_HEARTBEATS = 10;
/** Seconds without any frame after which an unanswered probe fails. */
export const PROBE_TIMEOUT = 3;
/** Seconds after which a connection counts as stable: when it closes, the reconnect delay starts from its minimum again. */
const STABLE_AFTER = 10;

/** Number of frames that each end sent and the other did not receive. */
export interface Lost {
  readonly ofServer: number;
  readonly ofClient: number;
}

const NONE: Lost = { ofServer: 0, ofClient: 0 };

/** A connection after the handshake, with its heartbeats, its timeouts and its count of lost frames. */
export class Open {
  readonly name = "open";
  readonly wire: 1 | 2;
  readonly capabilities: readonly string[];
  /** Seconds over which clients spread their reconnects after close code 1012 or 1013. */
  readonly reconnectWithin: number;
  readonly #channel: Channel;
  readonly #heartbeat: number;
  /** Seconds by which the server's clock is ahead of the client's. */
  readonly #clockOffset: number;
  readonly #since: number;
  #lastReceived: number;
  #lastHeartbeat: number;
  #lastAnswer: number;
  /** The last heartbeats without an answer: the server's time when each was sent, and the number of frames sent up to it. */
  #unanswered: { readonly sent_at: number; readonly sent: number }[] = [];
  /** Number of lost frames that were reported. */
  #lost = NONE;
  /** When the heartbeat of the pending probe was sent. */
  #probedAt: number | undefined;

  constructor(channel: Channel, welcome: Welcome, clockOffset: number, now: number) {
    this.wire = channel.wire;
    this.capabilities = Object.freeze(welcome.capabilities);
    this.reconnectWithin = clampTimeout(welcome.reconnect_within ?? 0);
    this.#channel = channel;
    this.#heartbeat = clampTimeout(welcome.heartbeat);
    this.#clockOffset = clockOffset;
    this.#since = now;
    this.#lastReceived = now;
    this.#lastHeartbeat = now;
    this.#lastAnswer = now;
  }

  /** Returns the server's time at the client's `now`, both Unix time in seconds. */
  serverTime(now: number): number {
    return now + this.#clockOffset;
  }

  /**
   * Encodes and signs the frame of a value. The caller must send it.
   *
   * @throws {ValidationError} if the value does not match its schema.
   */
  encode<Type extends string, Schema extends PayloadSchema>(
    definition: MessageDefinition<Type, Schema>,
    value: ValueToSend<Schema>,
    now: number,
  ): Bytes {
    return this.#channel.encode(definition, value, this.serverTime(now));
  }

  /**
   * Opens a received frame.
   *
   * @throws {LacreError} the errors of `Channel.open`.
   */
  open(data: unknown, now: number): VerifiedMessage {
    const message = this.#channel.open(data, this.serverTime(now));
    this.#lastReceived = now;
    return message;
  }

  /** Starts a probe with a heartbeat that the caller sends at `now`. Returns false if a probe is pending. */
  probe(now: number): boolean {
    if (this.#probedAt !== undefined) return false;
    this.#probedAt = now;
    return true;
  }

  /** Whether a probe is pending. */
  get isProbed(): boolean {
    return this.#probedAt !== undefined;
  }

  /** Encodes and signs the frame of a heartbeat. The caller must send it. */
  heartbeat(now: number): Bytes {
    this.#lastHeartbeat = now;
    const sent_at = this.serverTime(now);
    const bytes = this.encode(Heartbeat, { sent_at }, now);
    const unanswered = [...this.#unanswered, { sent_at, sent: this.#channel.sent }];
    this.#unanswered = unanswered.slice(-UNANSWERED_HEARTBEATS);
    return bytes;
  }

  /**
   * Handles the answer to a heartbeat and returns the number of frames that are newly known to be lost. The answer ends a
   * probe, unless it is to an earlier heartbeat: that answer may come from a buffer and does not show that the connection
   * works.
   */
  answered(answer: Heartbeat, now: number): Lost {
    const { sent_at, sent = 0, received = Number.POSITIVE_INFINITY } = answer;
    if (this.#probedAt !== undefined && sent_at >= this.serverTime(this.#probedAt))
      this.#probedAt = undefined;
    this.#lastAnswer = now;
    // Accept one answer for each heartbeat, so that a malicious server cannot make the client send resumes without end.
    const index = this.#unanswered.findIndex((one) => one.sent_at === sent_at);
    const asked = this.#unanswered[index];
    if (asked === undefined) return NONE;
    this.#unanswered.splice(0, index + 1);
    const came = this.#channel.received - 1 + this.#lost.ofServer;
    const ofServer = Math.max(0, sent - came);
    const ofClient = Math.max(0, asked.sent - received - this.#lost.ofClient);
    this.#lost = {
      ofServer: this.#lost.ofServer + ofServer,
      ofClient: this.#lost.ofClient + ofClient,
    };
    return { ofServer, ofClient };
  }

  /** When to send the next heartbeat, Unix time in seconds. */
  get heartbeatAt(): number {
    // The first frame proves to the server that the hello is not a replay (S-24). If there is nothing else to send, send a
    // heartbeat.
    if (this.#channel.sent === 0) return Number.NEGATIVE_INFINITY;
    return this.#lastHeartbeat + this.#heartbeat;
  }

  /** When the connection counts as silent for lack of frames or of answers to heartbeats, Unix time in seconds. */
  get silentAt(): number {
    const silentAt = Math.min(
      this.#lastReceived + this.#heartbeat * SILENT_HEARTBEATS,
      this.#lastAnswer + this.#heartbeat * UNANSWERED_HEARTBEATS,
    );
    if (this.#probedAt === undefined) return silentAt;
    // While other frames arrive, the answer may be queued behind them.
    return Math.min(silentAt, Math.max(this.#probedAt, this.#lastReceived) + PROBE_TIMEOUT);
  }

  /** Whether the connection has been open for at least 10 seconds. */
  isStable(now: number): boolean {
    return now - this.#since >= STABLE_AFTER;
  }
}
