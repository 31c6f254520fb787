import type { Bytes } from "../bytes.js";
import { equalConstantTime } from "../bytes.js";
import { Channel, directionKeys, NONCE_BYTES } from "../connection/channel.js";
import { openHandshake } from "../connection/handshake.js";
import { randomBytes } from "../crypto/random.js";
import { ValidationError } from "../errors.js";
import { MAX_UNIX_TIME } from "../limits.js";
import { Hello, Welcome } from "../messages/connection.js";
import { Open } from "./open.js";

/**
 * Exclusive upper bound of a server's time, Unix time in seconds. Below it, no connection reaches the largest valid timestamp.
 */
const LATEST_SERVER_TIME = MAX_UNIX_TIME / 2;

/** The client's side of a handshake in flight. */
export interface Handshake {
  /** The signed `hello`. */
  readonly frame: Bytes;
  /**
   * Returns the connection that the server's `welcome` agrees on; `now` is Unix time in seconds.
   *
   * @throws {DecodeError} if the frame is malformed or too large.
   * @throws {VerifyError} if the frame is not on wire 1 or not signed with the server's key.
   * @throws {ValidationError} if it is not a valid `welcome`, answers another `hello`, selects a wire that was not offered, or
   *   has a time out of range.
   */
  readonly agree: (data: unknown, now: number) => Open;
}

/** The fields of a `hello` that the client chooses. */
export interface Offer extends Readonly<Pick<Hello, "device_id">> {
  readonly wires: readonly (1 | 2)[];
  readonly capabilities: readonly string[];
}

/**
 * Starts a handshake with a `hello` on wire 1, signed with the session's own keys (section 11 of docs/PROTOCOL.md). `now` is
 * Unix time in seconds.
 *
 * @throws {KeyError} if `sessionKey` is not 32 bytes or is all zero.
 */
export function startHandshake(sessionKey: Uint8Array, offer: Offer, now: number): Handshake {
  const nonce = randomBytes(NONCE_BYTES);
  const { client, server } = directionKeys(sessionKey);
  const frame = Hello.toProtocol({ nonce, ...offer } as Hello, client, {
    timestamp: now,
  }).toBytes();

  function agree(data: unknown, now: number): Open {
    const message = openHandshake(data, server, now);
    const welcome = Welcome.fromProtocol(message);
    const wire = offer.wires.find((one) => one === welcome.wire);
    if (!equalConstantTime(welcome.hello_nonce, nonce)) throw mismatch("hello_nonce");
    if (wire === undefined) throw mismatch("wire");
    const serverTime = message.timestamp;
    if (!(serverTime >= 0 && serverTime < LATEST_SERVER_TIME)) throw mismatch("timestamp");
    const keys = directionKeys(sessionKey, { hello: nonce, welcome: welcome.nonce });
    const channel = new Channel({ wire, own: keys.client, peers: keys.server });
    return new Open(channel, welcome, serverTime - now, now);
  }

  return { frame, agree };
}

function mismatch(field: string): ValidationError {
  return new ValidationError("welcome", [{ path: [field], message: "does not answer this hello" }]);
}
