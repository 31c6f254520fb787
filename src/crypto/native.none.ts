// Browsers, workers and all other platforms: HMAC in JavaScript (WebCrypto is asynchronous, and slower for data of a
// frame's size), AES-GCM from WebCrypto if there is one (a page without HTTPS has none).
import { type AesGcm, aesGcmInWebCrypto } from "./aead.js";

export { decodeBase64, encodeBase64, isUtf8 } from "../bytes.js";
export { deflateInStream as deflate } from "./deflate.js";
export { hmacSha256InJavaScript as hmacSha256 } from "./hmac.js";
export { inflate } from "./inflate.js";

/** Returns undefined: Ed25519 runs in JavaScript, because WebCrypto is asynchronous, and its verifiers differ. */
export function verifyEd25519(..._arguments: Uint8Array[]): boolean | undefined {
  return undefined;
}

/** Returns AES-256-GCM in WebCrypto, or in JavaScript without WebCrypto, for a key of 32 bytes. */
export async function aesGcm(raw: Uint8Array): Promise<AesGcm> {
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  if (subtle === undefined) {
    const { aesGcmInJavaScript } = await import("./in-javascript.js");
    return aesGcmInJavaScript(raw);
  }
  return aesGcmInWebCrypto(
    await subtle.importKey("raw", raw as BufferSource, "AES-GCM", false, ["encrypt", "decrypt"]),
  );
}
