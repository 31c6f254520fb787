import { SigningKey } from "../envelope/signing-key.js";
import { type DirectionKeys, sessionKeyBytes } from "./channel.js";

/**
 * Derives the keys of frames in HTTP bodies from the 32-byte session key (H-10 and H-12 of docs/PROTOCOL.md). Frames of a
 * WebSocket have other keys: `directionKeys`.
 *
 * ```ts
 * const request = ChatMessage.toProtocol(message, httpKeys(sessionKey).client);
 * ```
 *
 * @throws {KeyError} if the session key is not 32 bytes or is all zero.
 */
export function httpKeys(sessionKey: Uint8Array): DirectionKeys {
  const secret = sessionKeyBytes(sessionKey);
  return {
    client: SigningKey.derive(secret, "http-client"),
    server: SigningKey.derive(secret, "http-server"),
  };
}
