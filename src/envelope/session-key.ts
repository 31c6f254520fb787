import { type Bytes, concat, encodeUtf8 } from "../bytes.js";
import { hkdfSha256 } from "../crypto/hkdf.js";
import { KeyError } from "../errors.js";
import { exactBytes, secretBytes } from "./signing-key.js";

const MIN_SERVER_SECRET_BYTES = 32;
const SESSION_ID_BYTES = 16;

/**
 * Derives the 32-byte key that a server shares with the client of one session (docs/PROTOCOL.md, K-5): HKDF-SHA256
 * (RFC 5869) of the server's secret with info `lacre/session/1` ‖ 0x00 ‖ session id. Every instance of the server derives
 * the same key, also for a session that has ended: check separately that the session is active.
 *
 * @param serverSecret - At least 32 bytes; text stands for its UTF-8 bytes.
 * @param sessionId - 16 bytes.
 * @throws {KeyError} if the secret is too short or all zero, or if the id is not 16 bytes.
 *
 * ```ts
 * const session_key = deriveSessionKey(serverSecret, sessionId);
 * ```
 */
export function deriveSessionKey(serverSecret: string | Uint8Array, sessionId: Uint8Array): Bytes {
  const ikm = secretBytes(serverSecret);
  if (ikm.length < MIN_SERVER_SECRET_BYTES) {
    throw new KeyError(`a server's secret must have at least ${MIN_SERVER_SECRET_BYTES} bytes`);
  }
  const id = exactBytes(sessionId, SESSION_ID_BYTES, "a session's id");
  const info = concat(encodeUtf8("lacre/session/1\0"), id);
  return hkdfSha256(ikm, { info, length: 32 });
}
