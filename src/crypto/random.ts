import type { Bytes } from "../bytes.js";

const POOL_BYTES = 4096;

/** Returns `length` bytes from the platform's cryptographic random generator, in a new array. */
export function randomBytes(length: number): Bytes {
  return globalThis.crypto.getRandomValues(new Uint8Array(length));
}

// A call to getRandomValues takes 4 to 6 µs in Node for any length, so one call provides the bytes of many ids. Nonces
// and keys must not use this pool: two processes started from the same memory snapshot would get the same bytes.
let pool: Uint8Array = /* @__PURE__ */ new Uint8Array(0);
let used = 0;

function pooledRandomBytes(length: number): Uint8Array {
  if (used + length > pool.length) {
    pool = randomBytes(POOL_BYTES);
    used = 0;
  }
  const bytes = pool.slice(used, used + length);
  used += length;
  return bytes;
}

/** Returns the 16 bytes of a new UUIDv7 (RFC 9562, section 5.7) for a Unix time in seconds. */
export function uuidv7(timestamp: number): Uint8Array {
  const bytes = pooledRandomBytes(16);
  let rest = Math.min(Math.max(Math.floor(timestamp * 1000), 0), 2 ** 48 - 1);
  for (let at = 5; at >= 0; at--) {
    bytes[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  return bytes;
}
