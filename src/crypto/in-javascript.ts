// What a platform without WebCrypto needs. Nothing imports it statically: the tables of this AES take a while to make
// and most of a megabyte to hold, and a page that has WebCrypto need not load any of it.
import { gcm } from "@noble/ciphers/aes.js";
import { pbkdf2Async } from "@noble/hashes/pbkdf2.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { AesGcm } from "./aead.js";

/** AES-256-GCM in plain JavaScript: slow, and not constant-time. For places that have nothing else. */
export function aesGcmInJavaScript(raw: Uint8Array): AesGcm {
  const key = raw.slice();
  return {
    seal: (nonce, plaintext, aad) => gcm(key, nonce, aad).encrypt(plaintext),
    open: (nonce, sealed, aad) => gcm(key, nonce, aad).decrypt(sealed),
  };
}

/** PBKDF2-HMAC-SHA256 in plain JavaScript: 32 bytes, in slices of 10 ms. */
export function pbkdf2Sha256InJavaScript(
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
): Promise<Uint8Array> {
  return pbkdf2Async(sha256, password, salt, { c: iterations, dkLen: 32, asyncTick: 10 });
}
