import { concat, encodeUtf8, isBytes } from "../bytes.js";
import { hkdfSha256 } from "../crypto/hkdf.js";
import { KeyError } from "../errors.js";
import { secretBytes } from "./signing-key.js";

const MIN_SERVER_SECRET_BYTES = 32;
const SESSION_ID_BYTES = 16;

/**
 * The 32 bytes that a server and the client of one session share: HKDF-SHA256 of the server's secret (at least 32
 * bytes) with info `lacre/session/1` ‖ 0x00 ‖ session id (16 bytes). Any instance can derive it again, which proves
 * nothing about the session still being alive. Throws KeyError.
 *
 * ```ts
 * const session_key = deriveSessionKey(serverSecret, sessionId);
 * ```
 */
export function deriveSessionKey(
  serverSecret: string | Uint8Array,
  sessionId: Uint8Array,
): Uint8Array {
  const ikm = secretBytes(serverSecret);
  if (ikm.length < MIN_SERVER_SECRET_BYTES) {
    throw new KeyError(`a server's secret has at least ${MIN_SERVER_SECRET_BYTES} bytes`);
  }
  if (!isBytes(sessionId) || sessionId.length !== SESSION_ID_BYTES) {
    throw new KeyError(`a session's id has ${SESSION_ID_BYTES} bytes`);
  }
  const info = concat(encodeUtf8("lacre/session/1\0"), sessionId);
  return hkdfSha256(ikm, { info, length: 32 });
}
