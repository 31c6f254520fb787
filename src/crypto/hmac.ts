import { hmac, type _HMAC as NobleHmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../bytes.js";

/** Computes the 32-byte HMAC-SHA256 tag of `data` under one key (RFC 2104). */
export type HmacSha256 = (data: Uint8Array) => Bytes;

/** Returns HMAC-SHA256 in JavaScript, synchronous on every platform. The key's two hash states are computed once. */
export function hmacSha256InJavaScript(secret: Uint8Array): HmacSha256 {
  const keyed = hmac.create(sha256, secret);
  // All calls share one scratch state. The public `clone()` allocates on each call, which is slower than no stored state.
  const scratch = keyed._cloneInto() as NobleHmac<ReturnType<typeof sha256.create>>;
  return (data) => keyed._cloneInto(scratch).update(data).digest();
}
