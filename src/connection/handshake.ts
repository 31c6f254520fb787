import { MessageProtocol, type VerifiedMessage } from "../envelope/message-protocol.js";
import type { SigningKey } from "../envelope/signing-key.js";
import { VerifyError } from "../errors.js";

/**
 * Disables the freshness check: nonces prove that a handshake is fresh. A client with a wrong clock can then connect and learn
 * the server's time.
 */
const AT_ANY_TIME = { maxAge: Number.POSITIVE_INFINITY, clockTolerance: Number.POSITIVE_INFINITY };

/**
 * Opens a `hello` or a `welcome`, both on wire 1. `now` is Unix time in seconds.
 *
 * @throws {DecodeError} if the frame is malformed or too large.
 * @throws {VerifyError} if the frame is on another wire, or not signed with `key`.
 */
export function openHandshake(data: unknown, key: SigningKey, now: number): VerifiedMessage {
  const message = MessageProtocol.open(data as Uint8Array, { key, now, ...AT_ANY_TIME });
  if (message.wire !== 1) throw new VerifyError();
  return message;
}
