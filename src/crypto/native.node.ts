// Node and Bun: everything from node:crypto, with KeyObjects (a raw key costs several times as much per call), what
// is long from node:buffer, deflate and inflate from node:zlib.
import { isUtf8 as isUtf8InNode } from "node:buffer";
import { createCipheriv, createDecipheriv, createHmac, createSecretKey } from "node:crypto";
import { deflateRaw, deflateRawSync, inflateRawSync } from "node:zlib";
import {
  base64Padding,
  decodeBase64 as decodeBase64InJavaScript,
  hasZeroTrailingBits,
  isUtf8 as isUtf8InJavaScript,
} from "../bytes.js";
import { AEAD_TAG_BYTES } from "../limits.js";
import type { AesGcm } from "./aead.js";
import type { HmacSha256 } from "./hmac.js";

export function hmacSha256(secret: Uint8Array): HmacSha256 {
  const key = createSecretKey(secret);
  // A digest as text costs half a microsecond less than one in a Buffer, a fifth of the whole for a short frame.
  return (data) => fromBinaryText(createHmac("sha256", key).update(data).digest("binary"));
}

function fromBinaryText(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

export async function aesGcm(raw: Uint8Array): Promise<AesGcm> {
  const key = createSecretKey(raw);
  // Without it node:crypto takes tags of 4 bytes.
  const tag = { authTagLength: AEAD_TAG_BYTES };
  return {
    seal(nonce, plaintext, aad) {
      const cipher = createCipheriv("aes-256-gcm", key, nonce, tag).setAAD(aad);
      const sealed = new Uint8Array(plaintext.length + AEAD_TAG_BYTES);
      sealed.set(cipher.update(plaintext));
      cipher.final();
      sealed.set(cipher.getAuthTag(), plaintext.length);
      return sealed;
    },
    open(nonce, sealed, aad) {
      const length = sealed.length - AEAD_TAG_BYTES;
      const decipher = createDecipheriv("aes-256-gcm", key, nonce, tag)
        .setAAD(aad)
        .setAuthTag(sealed.subarray(length));
      const plaintext = new Uint8Array(decipher.update(sealed.subarray(0, length)));
      decipher.final();
      return plaintext;
    },
  };
}

export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** Below it, a call of node:buffer costs more than JavaScript does. */
const NATIVE_FROM_LENGTH = 64;

export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length < NATIVE_FROM_LENGTH) return decodeBase64InJavaScript(text);
  if (text.length % 4 !== 0) return undefined;
  // Buffer takes nearly any text: it skips what is no digit, and is then short of bytes, but it has two more digits,
  // and of a character beyond Latin-1 it sees the lower half.
  const isAscii = Buffer.byteLength(text) === text.length;
  if (!isAscii || text.includes("-") || text.includes("_")) return undefined;
  const padding = base64Padding(text);
  const bytes = Buffer.allocUnsafeSlow((text.length / 4) * 3 - padding);
  const isWhole = bytes.write(text, "base64") === bytes.length;
  return isWhole && hasZeroTrailingBits(text, padding) ? new Uint8Array(bytes.buffer) : undefined;
}

export function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start < NATIVE_FROM_LENGTH
    ? isUtf8InJavaScript(bytes, start, end)
    : isUtf8InNode(bytes.subarray(start, end));
}

/** From here on, raw deflate would hold the thread for more than a millisecond; below it, another thread costs more than that. */
const DEFLATED_ELSEWHERE_FROM_BYTES = 32_768;

/** Raw deflate (RFC 1951): a CompressionStream takes ten times as long for the text of a message. */
export async function deflate(bytes: Uint8Array): Promise<Uint8Array> {
  if (bytes.length < DEFLATED_ELSEWHERE_FROM_BYTES) return deflateRawSync(bytes);
  return new Promise((resolve, reject) => {
    deflateRaw(bytes, (error, deflated) => (error ? reject(error) : resolve(deflated)));
  });
}

/** As `inflate` in JavaScript does. */
export function inflate(bytes: Uint8Array, longest: number): Uint8Array | undefined {
  try {
    const { buffer, engine } = inflateRawSync(bytes, {
      maxOutputLength: longest,
      // One chunk for most texts: each further one costs as much as inflating it.
      chunkSize: Math.min(65_536, Math.max(1024, 4 * bytes.length)),
      info: true,
    }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    // zlib does not mind what follows an end.
    if (engine.bytesWritten !== bytes.length) return undefined;
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
  } catch {
    return undefined;
  }
}
