import { listArgument, objectArgument, timeArgument } from "../arguments.js";
import type { Bytes } from "../bytes.js";
import { Channel, directionKeys, NONCE_BYTES } from "../connection/channel.js";
import { openHandshake } from "../connection/handshake.js";
import { randomBytes } from "../crypto/random.js";
import { LacreError } from "../errors.js";
import { Hello, Welcome } from "../messages/connection.js";

/** Fields of a `welcome` that the server chooses. */
export type WelcomeOffer = Pick<
  Welcome,
  "capabilities" | "limits" | "heartbeat" | "reconnect_within"
> & {
  /** Wires that the server supports, the preferred one first. By default 2, 1. */
  readonly wires?: readonly (1 | 2)[];
};

/** The server's side of an accepted handshake. */
export interface Acceptance {
  /** The client's `hello`. */
  readonly hello: Hello;
  /** Signs and opens all later frames of the connection. */
  readonly channel: Channel;
  /** The signed `welcome`. Send it before any other frame. */
  readonly frame: Bytes;
}

/**
 * Answers the `hello` of a connection, its first frame (section 11 of docs/PROTOCOL.md). `now` is Unix time in seconds.
 *
 * ```ts
 * const accepted = acceptHello(frame, sessionKey, { capabilities: [], limits: {}, heartbeat: 30 }, now);
 * ```
 *
 * @throws {LacreError} with the code `ERR_NO_COMMON_WIRE` if the client offers no wire that the server speaks: close with 4002.
 * @throws {DecodeError} if the frame is malformed or too large: close with 1008.
 * @throws {VerifyError} if the frame is not on wire 1 or not signed with the session key: close with 1008.
 * @throws {ValidationError} if the frame is not a valid `hello`, or the server's offer is invalid: close with 1008.
 * @throws {KeyError} if `sessionKey` is not a session key: close with 1008.
 */
export function acceptHello(
  data: unknown,
  sessionKey: Uint8Array,
  offer: WelcomeOffer,
  now: number,
): Acceptance {
  const { wires = [2, 1], ...rest } = objectArgument(offer, "offer");
  const supported = listArgument(wires, "offer.wires");
  timeArgument(now, "now");
  const { client, server } = directionKeys(sessionKey);
  const hello = Hello.fromProtocol(openHandshake(data, client, now));
  const wire = supported.find((one) => hello.wires.includes(one));
  if (wire === undefined) throw new LacreError("ERR_NO_COMMON_WIRE", "no common wire");
  const nonce = randomBytes(NONCE_BYTES);
  const value = { nonce, hello_nonce: hello.nonce, wire, ...rest };
  const frame = Welcome.toProtocol(value, server, { timestamp: now }).toBytes();
  const keys = directionKeys(sessionKey, { hello: hello.nonce, welcome: nonce });
  return { hello, channel: new Channel({ wire, own: keys.server, peers: keys.client }), frame };
}
