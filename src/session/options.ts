import { listArgument } from "../arguments.js";
import { directionKeys, NONCE_BYTES, sessionKeyBytes } from "../connection/channel.js";
import { withPipeline } from "../connection/pipeline.js";
import { Hello } from "../messages/connection.js";
import type { OutgoingMessage } from "./events.js";
import type { Offer } from "./handshake.js";

/** Options of a `Session`. */
export interface SessionOptions {
  /** The session key of the AuthResponse, 32 bytes. */
  readonly session_key: Uint8Array;
  /** Id of the user of this client, the `sender_id` of all messages of the outbox. */
  readonly user_id: number;
  readonly device_id?: string;
  /** Messages that `persist` stored and `forget` has not removed, in the order in which they were stored. */
  readonly outbox?: Iterable<OutgoingMessage>;
  /** The stored cursor of each chat: the seq up to which its messages are delivered. */
  readonly cursors?: Iterable<readonly [chatId: number, seq: number]>;
  /** The wires to offer. By default 2 and 1. */
  readonly wires?: readonly (1 | 2)[];
  /** Capabilities of this client, such as `delivered`. By default none but `pipeline`, which is always one. */
  readonly capabilities?: readonly string[];
  /** Returns a number in [0, 1) for the jitter of the reconnect delay. By default Math.random. */
  readonly random?: () => number;
}

/** The session's own copies of its options. */
export interface OwnOptions {
  readonly session_key: Uint8Array;
  readonly user_id: number;
  readonly offer: Offer;
  readonly random: () => number;
}

/**
 * Copies the options that a session needs later.
 *
 * @throws {KeyError} if the session key is not 32 bytes or is all zero.
 * @throws {ValidationError} if no `hello` can have the device id, the wires and the capabilities.
 */
export function copyOptions(options: SessionOptions): OwnOptions {
  const { session_key, user_id, device_id, random = Math.random } = options;
  const { wires = [2, 1], capabilities = [] } = options;
  const key = sessionKeyBytes(session_key);
  // Throws KeyError for a key of zeros.
  directionKeys(key);
  const offer = {
    device_id,
    wires: listArgument(wires, "options.wires"),
    capabilities: withPipeline(listArgument(capabilities, "options.capabilities")),
  };
  Hello.parse({ nonce: new Uint8Array(NONCE_BYTES), ...offer });
  return { session_key: key, user_id, offer, random };
}
