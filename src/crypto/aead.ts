import { AEAD_TAG_BYTES } from "../limits.js";

/** AES-256-GCM under one key (NIST SP 800-38D): 12-byte nonces, 16-byte tags at the end of the ciphertext. */
export interface AesGcm {
  /** The platform's own handle, where the platform is a browser. */
  readonly cryptoKey?: CryptoKey;
  seal(nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** Throws, or rejects, with whatever the platform has for a wrong tag. */
  open(nonce: Uint8Array, sealed: Uint8Array, aad: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** AES-256-GCM by WebCrypto. */
export function aesGcmInWebCrypto(cryptoKey: CryptoKey): AesGcm {
  const algorithm = (iv: Uint8Array, additionalData: Uint8Array) =>
    ({ name: "AES-GCM", iv, additionalData, tagLength: AEAD_TAG_BYTES * 8 }) as AesGcmParams;
  return {
    cryptoKey,
    async seal(nonce, plaintext, aad) {
      const { subtle } = globalThis.crypto;
      return new Uint8Array(
        await subtle.encrypt(algorithm(nonce, aad), cryptoKey, plaintext as BufferSource),
      );
    },
    async open(nonce, sealed, aad) {
      const { subtle } = globalThis.crypto;
      return new Uint8Array(
        await subtle.decrypt(algorithm(nonce, aad), cryptoKey, sealed as BufferSource),
      );
    },
  };
}
