import { hmac, type _HMAC as NobleHmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";

/** HMAC-SHA256 under one key: the 32-byte tag of `data` (RFC 2104). */
export type HmacSha256 = (data: Uint8Array) => Uint8Array;

/** HMAC-SHA256 in plain JavaScript, synchronous everywhere. The key's two hash states are computed once and kept. */
export function hmacSha256InJavaScript(secret: Uint8Array): HmacSha256 {
  const keyed = hmac.create(sha256, secret);
  // One scratch state for all calls: public `clone()` allocates anew each time, and loses to not keeping state at all.
  const scratch = keyed._cloneInto() as NobleHmac<ReturnType<typeof sha256.create>>;
  return (data) => keyed._cloneInto(scratch).update(data).digest();
}
