import { ed25519 } from "@noble/curves/ed25519.js";
import { verifyEd25519 as verifyOnPlatform } from "#native";
import { type Bytes, concat, decodeHex, encodeHex, equalConstantTime } from "../bytes.js";
import type { PlatformCryptoKey } from "./aead.js";
import { randomBytes } from "./random.js";

/** Length of an Ed25519 public key in bytes, and of the seed that its private key is made from. */
export const ED25519_KEY_BYTES = 32;
/** Length of an Ed25519 signature in bytes. */
export const ED25519_SIGNATURE_BYTES = 64;

/** Signs under one Ed25519 private key (RFC 8032, section 5.1). */
export interface Ed25519Signer {
  readonly publicKey: Bytes;
  /** The WebCrypto handle of the private key. Only keys in WebCrypto have one. */
  readonly cryptoKey?: PlatformCryptoKey;
  /** Returns the 64 bytes of a signature. */
  sign(data: Uint8Array): Promise<Bytes>;
}

/** DER of a PKCS #8 private key, up to the 32 bytes of its seed (RFC 8410, section 7). */
const PKCS8_PREFIX = "302e020100300506032b657004220420";

const subtleCrypto = () => globalThis.crypto?.subtle as SubtleCrypto | undefined;

/** Returns a new key that cannot be exported. If WebCrypto has Ed25519, JavaScript never sees the private key. */
export async function generateSigner(): Promise<Ed25519Signer> {
  const subtle = subtleCrypto();
  // Rejects where WebCrypto does not have the algorithm.
  const pair = await subtle?.generateKey("Ed25519", false, ["sign", "verify"]).catch(() => {});
  if (subtle === undefined || !pair) return signerInJavaScript(randomBytes(ED25519_KEY_BYTES));
  const { privateKey, publicKey } = pair as CryptoKeyPair;
  return signerInWebCrypto(privateKey, new Uint8Array(await subtle.exportKey("raw", publicKey)));
}

/** Returns the key of a seed. It signs in WebCrypto if WebCrypto has Ed25519. */
export async function signerFromSeed(seed: Uint8Array): Promise<Ed25519Signer> {
  const inJavaScript = signerInJavaScript(seed);
  const der = concat(decodeHex(PKCS8_PREFIX)!, seed);
  const cryptoKey = await subtleCrypto()
    ?.importKey("pkcs8", der as BufferSource, "Ed25519", false, ["sign"])
    .catch(() => {});
  der.fill(0);
  return cryptoKey ? signerInWebCrypto(cryptoKey, inJavaScript.publicKey) : inJavaScript;
}

/** Returns a signer that runs in WebCrypto. */
export function signerInWebCrypto(cryptoKey: PlatformCryptoKey, publicKey: Bytes): Ed25519Signer {
  return {
    publicKey,
    cryptoKey,
    async sign(data) {
      const { subtle } = globalThis.crypto;
      return new Uint8Array(await subtle.sign("Ed25519", cryptoKey, data as BufferSource));
    },
  };
}

/** Returns a signer in JavaScript, which is not constant-time. Use it only where WebCrypto has no Ed25519. */
export function signerInJavaScript(seed: Uint8Array): Ed25519Signer {
  const own = seed.slice();
  return {
    publicKey: ed25519.getPublicKey(own) as Bytes,
    sign: async (data) => ed25519.sign(data, own) as Bytes,
  };
}

/** The keys for which `isEd25519PublicKey` was last true. The check takes longer than a verification, and keys are public. */
const validKeys = /* @__PURE__ */ new Set<string>();
/** More keys than the devices of a large group have, in their logs and in its tree. */
const MAX_VALID_KEYS = 1024;

/**
 * Returns whether 32 bytes are the canonical encoding of a point of the prime-order subgroup other than the identity. This
 * excludes keys of small order, under which one signature is valid for many messages, and keys with a component of small order,
 * for which implementations of RFC 8032 have different results.
 */
export function isEd25519PublicKey(bytes: Uint8Array): boolean {
  if (bytes.length !== ED25519_KEY_BYTES) return false;
  const text = encodeHex(bytes);
  if (validKeys.has(text)) return true;
  if (!isInSubgroup(bytes)) return false;
  if (validKeys.size >= MAX_VALID_KEYS) validKeys.clear();
  validKeys.add(text);
  return true;
}

function isInSubgroup(bytes: Uint8Array): boolean {
  try {
    const point = ed25519.Point.fromBytes(bytes, false);
    return !point.is0() && point.isTorsionFree();
  } catch {
    return false;
  }
}

/** The canonical encoding of the identity. */
const IDENTITY = /* @__PURE__ */ Uint8Array.of(1, ...new Uint8Array(ED25519_KEY_BYTES - 1));

/**
 * Verifies a signature (docs/PROTOCOL.md, A-1), with the same result on all platforms for all bytes: two readers of a log, and two
 * members of a group, must agree. Runs on the platform if that is synchronous and exact (`isExactVerifier`), which takes a tenth of
 * the time of JavaScript.
 */
export function verifyEd25519(
  publicKey: Uint8Array,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (signature.length !== ED25519_SIGNATURE_BYTES || !isEd25519PublicKey(publicKey)) return false;
  if (equalConstantTime(signature.subarray(0, ED25519_KEY_BYTES), IDENTITY)) return false;
  return (
    verifyOnPlatform(publicKey, data, signature) ?? verifyInJavaScript(publicKey, data, signature)
  );
}

/**
 * Verifies under a key for which `isEd25519PublicKey` is true. @noble/curves uses the equation with the cofactor. It has the same
 * result as the equation without it, because R is checked like a key.
 */
export function verifyInJavaScript(
  publicKey: Uint8Array,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  return (
    ed25519.verify(signature, data, publicKey, { zip215: false }) &&
    isInSubgroup(signature.subarray(0, ED25519_KEY_BYTES))
  );
}
