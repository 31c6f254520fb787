// Node and Bun: ciphers, HMAC and Ed25519 from node:crypto, with KeyObjects (a raw key costs several times as much per call);
// base64 and UTF-8 checks of long values from node:buffer; deflate and inflate from node:zlib.
import { isUtf8 as isUtf8InNode } from "node:buffer";
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPublicKey,
  createSecretKey,
  verify,
} from "node:crypto";
import { deflateRaw, deflateRawSync, inflateRawSync } from "node:zlib";
import {
  type Bytes,
  base64Padding,
  decodeBase64 as decodeBase64InJavaScript,
  hasZeroTrailingBits,
  isUtf8 as isUtf8InJavaScript,
} from "../bytes.js";
import { AEAD_TAG_BYTES } from "../limits.js";
import type { AesGcm } from "./aead.js";
import { isExactVerifier } from "./ed25519-check.js";
import type { HmacSha256 } from "./hmac.js";

if (globalThis.crypto === undefined) throw new Error("lacre needs Node 20.19 or later");

/** Returns HMAC-SHA256 in node:crypto. */
export function hmacSha256(secret: Uint8Array): HmacSha256 {
  const key = createSecretKey(secret);
  // A digest as text is half a microsecond faster than a digest in a Buffer: a fifth of the total for a short frame.
  return (data) => fromBinaryText(createHmac("sha256", key).update(data).digest("binary"));
}

function fromBinaryText(text: string): Bytes {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

/** Returns AES-256-GCM in node:crypto, for a key of 32 bytes. */
export async function aesGcm(raw: Uint8Array): Promise<AesGcm> {
  const key = createSecretKey(raw);
  // Without `authTagLength`, node:crypto accepts tags of 4 bytes.
  const tag = { authTagLength: AEAD_TAG_BYTES };
  return {
    encrypt(nonce, plaintext, aad) {
      const cipher = createCipheriv("aes-256-gcm", key, nonce, tag).setAAD(aad);
      const ciphertext = new Uint8Array(plaintext.length + AEAD_TAG_BYTES);
      ciphertext.set(cipher.update(plaintext));
      cipher.final();
      ciphertext.set(cipher.getAuthTag(), plaintext.length);
      return ciphertext;
    },
    decrypt(nonce, ciphertext, aad) {
      const length = ciphertext.length - AEAD_TAG_BYTES;
      const decipher = createDecipheriv("aes-256-gcm", key, nonce, tag)
        .setAAD(aad)
        .setAuthTag(ciphertext.subarray(length));
      const plaintext = new Uint8Array(decipher.update(ciphertext.subarray(0, length)));
      decipher.final();
      return plaintext;
    },
  };
}

let isExact: boolean | undefined;

/**
 * Verifies an Ed25519 signature under a key of the prime-order subgroup. Accepts the identity as R. Returns undefined if the
 * OpenSSL of this process does not verify as A-1 requires, or has no Ed25519, as in FIPS mode.
 */
export function verifyEd25519(
  publicKey: Uint8Array,
  data: Uint8Array,
  signature: Uint8Array,
): boolean | undefined {
  isExact ??= isExactVerifier(verifyInNode);
  return isExact ? verifyInNode(publicKey, data, signature) : undefined;
}

function verifyInNode(publicKey: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean {
  const x = Buffer.from(publicKey).toString("base64url");
  // OpenSSL takes ten times as long to read the key as DER.
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  return verify(null, data, key, signature);
}

/** Encodes bytes as base64 text with padding (RFC 4648, section 4). */
export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** Length in bytes or characters below which JavaScript is faster than a call into node:buffer. */
const NATIVE_FROM_LENGTH = 64;

/** Decodes canonical base64 text, like `decodeBase64` of bytes.ts. Returns undefined for any other text. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length < NATIVE_FROM_LENGTH) return decodeBase64InJavaScript(text);
  if (text.length % 4 !== 0) return undefined;
  // Buffer accepts nearly any text. It skips characters that are no digits, which shows as missing bytes. But it also
  // reads - and _ as digits, and reads only the low byte of a character beyond Latin-1.
  const isAscii = Buffer.byteLength(text) === text.length;
  if (!isAscii || text.includes("-") || text.includes("_")) return undefined;
  const padding = base64Padding(text);
  const bytes = Buffer.allocUnsafeSlow((text.length / 4) * 3 - padding);
  const isWhole = bytes.write(text, "base64") === bytes.length;
  return isWhole && hasZeroTrailingBits(text, padding) ? new Uint8Array(bytes.buffer) : undefined;
}

/** Returns whether the bytes between two offsets are valid UTF-8 (RFC 3629, section 4). */
export function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start < NATIVE_FROM_LENGTH
    ? isUtf8InJavaScript(bytes, start, end)
    : isUtf8InNode(bytes.subarray(start, end));
}

/**
 * Length in bytes from which zlib's thread pool compresses. Longer input would block the event loop for more than a
 * millisecond; for shorter input the thread pool costs more than that.
 */
const THREAD_POOL_FROM_BYTES = 32_768;

/** Compresses bytes to raw deflate (RFC 1951). A CompressionStream takes ten times as long for the text of a message. */
export async function deflate(bytes: Uint8Array): Promise<Uint8Array> {
  if (bytes.length < THREAD_POOL_FROM_BYTES) return deflateRawSync(bytes);
  return new Promise((resolve, reject) => {
    deflateRaw(bytes, (error, deflated) => (error ? reject(error) : resolve(deflated)));
  });
}

/** Decompresses raw deflate in zlib, with the same results as `inflate` of inflate.ts. */
export function inflate(bytes: Uint8Array, maxLength: number): Uint8Array | undefined {
  try {
    const { buffer, engine } = inflateRawSync(bytes, {
      maxOutputLength: maxLength,
      // Large enough for most texts: each further chunk costs as much as inflating it.
      chunkSize: Math.min(65_536, Math.max(1024, 4 * bytes.length)),
      info: true,
    }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    // zlib ignores bytes after the end of the stream.
    if (engine.bytesWritten !== bytes.length) return undefined;
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
  } catch {
    return undefined;
  }
}
