import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";

/** HKDF-SHA256 (RFC 5869): `length` bytes from `ikm`. An absent salt is one of 32 zeros. */
export function hkdfSha256(
  ikm: Uint8Array,
  { salt, info, length }: { salt?: Uint8Array | undefined; info: Uint8Array; length: number },
): Uint8Array {
  return hkdf(sha256, ikm, salt, info, length);
}
