// Ciphers for platforms without WebCrypto. Import this module dynamically: the AES tables take time to compute and
// almost a megabyte of memory, and a page that has WebCrypto does not need them.

import { gcm } from "@noble/ciphers/aes.js";
import { pbkdf2Async } from "@noble/hashes/pbkdf2.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../bytes.js";
import type { AesGcm } from "./aead.js";

/** Returns AES-256-GCM in JavaScript, which is slow and not constant-time. Use it only without WebCrypto. */
export function aesGcmInJavaScript(raw: Uint8Array): AesGcm {
  const key = raw.slice();
  return {
    encrypt: (nonce, plaintext, aad) => gcm(key, nonce, aad).encrypt(plaintext),
    decrypt: (nonce, ciphertext, aad) => gcm(key, nonce, aad).decrypt(ciphertext),
  };
}

/** Derives 32 bytes with PBKDF2-HMAC-SHA256 in JavaScript, and yields to the event loop every 10 ms. */
export function pbkdf2Sha256InJavaScript(
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
): Promise<Bytes> {
  return pbkdf2Async(sha256, password, salt, { c: iterations, dkLen: 32, asyncTick: 10 });
}
