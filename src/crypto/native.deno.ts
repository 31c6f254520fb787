// Deno: a call of its node:crypto costs several times a small HMAC, so that these stay in JavaScript.
import { type HmacSha256, hmacSha256InJavaScript } from "./hmac.js";
import { hmacSha256 as hmacSha256InNode } from "./native.node.js";

export { aesGcm, decodeBase64, deflate, encodeBase64, inflate, isUtf8 } from "./native.node.js";

const NATIVE_FROM_BYTES = 1024;

export function hmacSha256(secret: Uint8Array): HmacSha256 {
  const inJavaScript = hmacSha256InJavaScript(secret);
  const native = hmacSha256InNode(secret);
  return (data) => (data.length < NATIVE_FROM_BYTES ? inJavaScript(data) : native(data));
}
