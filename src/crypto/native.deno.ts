// Deno: a call into its node:crypto costs several times as much as a small HMAC, so small HMACs run in JavaScript.
import { type HmacSha256, hmacSha256InJavaScript } from "./hmac.js";
import { hmacSha256 as hmacSha256InNode } from "./native.node.js";

export {
  aesGcm,
  decodeBase64,
  deflate,
  encodeBase64,
  inflate,
  isUtf8,
  verifyEd25519,
} from "./native.node.js";

const NATIVE_FROM_BYTES = 1024;

/** Returns HMAC-SHA256: in JavaScript below 1024 bytes of data, in node:crypto from there on. */
export function hmacSha256(secret: Uint8Array): HmacSha256 {
  const inJavaScript = hmacSha256InJavaScript(secret);
  const native = hmacSha256InNode(secret);
  return (data) => (data.length < NATIVE_FROM_BYTES ? inJavaScript(data) : native(data));
}
