import type { Bytes } from "../bytes.js";

/**
 * Derives 32 bytes with PBKDF2-HMAC-SHA256 (RFC 8018, section 5.2). WebCrypto does it outside the main thread; without
 * WebCrypto it runs in JavaScript and yields to the event loop every 10 ms.
 */
export async function pbkdf2Sha256(
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
): Promise<Bytes> {
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  if (subtle === undefined) {
    const { pbkdf2Sha256InJavaScript } = await import("./in-javascript.js");
    return pbkdf2Sha256InJavaScript(password, salt, iterations);
  }
  const key = await subtle.importKey("raw", password as BufferSource, "PBKDF2", false, [
    "deriveBits",
  ]);
  const parameters = { name: "PBKDF2", hash: "SHA-256", salt: salt as BufferSource, iterations };
  return new Uint8Array(await subtle.deriveBits(parameters, key, 256));
}
