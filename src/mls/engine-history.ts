import type { Bytes } from "../bytes.js";
import { hpkeOf, isEncryptionKey, publicKeyOf } from "./engine-crypto.js";
import { HistoryError } from "./errors.js";

/** The history key of a seed of 32 bytes: its X-Wing public key, 1,216 bytes. */
export function historyPublicKey(seed: Uint8Array): Bytes {
  return publicKeyOf(0xf00d, seed) as Bytes;
}

/**
 * Encrypts a plaintext to a history key. `info` is authenticated (RFC 9180, section 6.1).
 *
 * @throws {HistoryError} if nothing can be encrypted to the key.
 */
export async function sealHistory(
  publicKey: Uint8Array,
  plaintext: Uint8Array,
  info: Uint8Array,
): Promise<{ readonly enc: Uint8Array; readonly ciphertext: Uint8Array }> {
  if (!isEncryptionKey(0xf00d, publicKey))
    throw new HistoryError("key is not a public key of X-Wing");
  const hpke = hpkeOf("history");
  const key = await hpke.DeserializePublicKey(publicKey);
  const { encapsulatedSecret, ciphertext } = await hpke.Seal(key, plaintext, { info });
  return { enc: encapsulatedSecret, ciphertext };
}

/** Decrypts what `sealHistory` encrypted. Rejects all else. */
export async function openHistory(
  seed: Uint8Array,
  { enc, ciphertext }: { readonly enc: Uint8Array; readonly ciphertext: Uint8Array },
  info: Uint8Array,
): Promise<Uint8Array> {
  const hpke = hpkeOf("history");
  const key = await hpke.DeserializePrivateKey(seed, true);
  return hpke.Open(key, enc, ciphertext, { info });
}
