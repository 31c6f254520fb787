import { expand, hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { type Bytes, encodeUtf8 } from "../bytes.js";

/** Derives `length` bytes from `ikm` with HKDF-SHA256 (RFC 5869). The default salt is 32 zero bytes. */
export function hkdfSha256(
  ikm: Uint8Array,
  { salt, info, length }: { salt?: Uint8Array | undefined; info: Uint8Array; length: number },
): Bytes {
  return hkdf(sha256, ikm, salt, info, length);
}

/** Expands a uniformly random key to `length` bytes with HKDF-Expand-SHA256 (RFC 5869, section 2.3). */
export function expandSha256(key: Uint8Array, label: string, length: number): Bytes {
  return expand(sha256, key, encodeUtf8(label), length);
}
