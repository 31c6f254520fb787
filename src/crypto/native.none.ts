// Browsers, workers and whatever else: HMAC in JavaScript (WebCrypto is asynchronous, and slower at the size of
// a frame), AES-GCM from WebCrypto where there is one (an insecure page has none).
import { type AesGcm, aesGcmInWebCrypto } from "./aead.js";

export { decodeBase64, encodeBase64, isUtf8 } from "../bytes.js";
export { deflateInStream as deflate } from "./deflate.js";
export { hmacSha256InJavaScript as hmacSha256 } from "./hmac.js";
export { inflate } from "./inflate.js";

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
