import type { Bytes } from "../bytes.js";
import { AEAD_TAG_BYTES } from "../limits.js";

/**
 * A CryptoKey, in the types of the platform: those of the DOM, or of Node. Without either it is any object, so that a project
 * without them compiles.
 */
export type PlatformCryptoKey = typeof globalThis extends {
  crypto: {
    subtle: {
      /** Encrypts with a key. */
      encrypt(algorithm: never, key: infer Key, data: never): unknown;
    };
  };
}
  ? Key
  : object;

/** AES-256-GCM under one key (NIST SP 800-38D): 12-byte nonces, and a 16-byte tag at the end of the ciphertext. */
export interface AesGcm {
  /** The WebCrypto handle of the key. Only WebCrypto implementations have one. */
  readonly cryptoKey?: PlatformCryptoKey;
  /** Returns the ciphertext and its tag: 16 bytes more than the plaintext. */
  encrypt(nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Bytes | Promise<Bytes>;
  /** Returns the plaintext. Throws, or rejects with, an error of the platform if the tag does not match. */
  decrypt(nonce: Uint8Array, ciphertext: Uint8Array, aad: Uint8Array): Bytes | Promise<Bytes>;
}

/** Returns AES-256-GCM that runs in WebCrypto. */
export function aesGcmInWebCrypto(cryptoKey: PlatformCryptoKey): AesGcm {
  const algorithm = (iv: Uint8Array, additionalData: Uint8Array) =>
    ({ name: "AES-GCM", iv, additionalData, tagLength: AEAD_TAG_BYTES * 8 }) as AesGcmParams;
  return {
    cryptoKey,
    async encrypt(nonce, plaintext, aad) {
      const { subtle } = globalThis.crypto;
      return new Uint8Array(
        await subtle.encrypt(algorithm(nonce, aad), cryptoKey, plaintext as BufferSource),
      );
    },
    async decrypt(nonce, ciphertext, aad) {
      const { subtle } = globalThis.crypto;
      return new Uint8Array(
        await subtle.decrypt(algorithm(nonce, aad), cryptoKey, ciphertext as BufferSource),
      );
    },
  };
}
