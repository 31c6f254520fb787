import { gcm } from "@noble/ciphers/aes.js";
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { expand, extract } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { shake256 } from "@noble/hashes/sha3.js";
import { ml_kem768_x25519 } from "@noble/post-quantum/hybrid.js";
import { concat, encodeUtf8, equalConstantTime } from "../bytes.js";
import { randomBytes } from "../crypto/random.js";
import { AEAD_NONCE_BYTES } from "../limits.js";
import { type CiphersuiteImpl, ciphersuites } from "./engine-library.js";
import type { Signer, Suite } from "./engine-types.js";

/** Length of a private HPKE key in bytes, in both suites: a scalar of X25519, or a seed of X-Wing. */
export const PRIVATE_KEY_BYTES = 32;

const names = {
  1: "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519",
  61453: "MLS_256_XWING_AES256GCM_SHA512_Ed25519",
} as const;

// ts-mls has another number for X-Wing. Its decoder searches its table for each number in a message, so only two names stay.
const numbers = ciphersuites as Record<string, number>;
for (const name of Object.keys(numbers)) delete numbers[name];
for (const [suite, name] of Object.entries(names)) numbers[name] = Number(suite);

/** Returns the suite that ts-mls names so, or undefined. */
export function suiteOf(name: string): Suite | undefined {
  return ([1, 0xf00d] as const).find((suite) => names[suite] === name);
}

const none = new Uint8Array(0);
const hpkeVersion = encodeUtf8("HPKE-v1");

/** Encodes an integer below 65,536 in two bytes. */
const uint16 = (value: number) => Uint8Array.of(value >> 8, value & 0xff);

/** HKDF with the labels of RFC 9180, section 4. */
function labeledHkdf(hash: typeof sha256 | typeof sha512, suiteId: Uint8Array) {
  return {
    extract: (salt: Uint8Array, label: string, ikm: Uint8Array): Uint8Array =>
      extract(hash, concat(hpkeVersion, suiteId, encodeUtf8(label), ikm), salt),
    expand(prk: Uint8Array, label: string, info: Uint8Array, length: number): Uint8Array {
      const labeled = concat(uint16(length), hpkeVersion, suiteId, encodeUtf8(label), info);
      return expand(hash, prk, labeled, length);
    },
  };
}

/** A KEM on raw keys. @noble rejects invalid ones. */
interface Kem {
  readonly id: number;
  readonly publicKeyBytes: number;
  publicKey(privateKey: Uint8Array): Uint8Array;
  derivePrivateKey(ikm: Uint8Array): Uint8Array;
  encapsulate(publicKey: Uint8Array): { shared: Uint8Array; enc: Uint8Array };
  decapsulate(enc: Uint8Array, privateKey: Uint8Array): Uint8Array;
}

const dhkemHkdf = labeledHkdf(sha256, concat(encodeUtf8("KEM"), uint16(0x0020)));

/** DHKEM(X25519, HKDF-SHA256) (RFC 9180, section 4.1). */
const dhkemX25519: Kem = {
  id: 0x0020,
  publicKeyBytes: 32,
  publicKey: (privateKey) => x25519.getPublicKey(privateKey),
  derivePrivateKey(ikm) {
    const prk = dhkemHkdf.extract(none, "dkp_prk", ikm);
    return dhkemHkdf.expand(prk, "sk", none, PRIVATE_KEY_BYTES);
  },
  encapsulate(publicKey) {
    const privateKey = randomBytes(PRIVATE_KEY_BYTES);
    const enc = x25519.getPublicKey(privateKey);
    const shared = extractAndExpand(x25519.getSharedSecret(privateKey, publicKey), enc, publicKey);
    return { shared, enc };
  },
  decapsulate(enc, privateKey) {
    const publicKey = x25519.getPublicKey(privateKey);
    return extractAndExpand(x25519.getSharedSecret(privateKey, enc), enc, publicKey);
  },
};

function extractAndExpand(dh: Uint8Array, enc: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const prk = dhkemHkdf.extract(none, "eae_prk", dh);
  return dhkemHkdf.expand(prk, "shared_secret", concat(enc, publicKey), 32);
}

/** X-Wing, named MLKEM768-X25519 in draft-ietf-hpke-pq. */
const xWing: Kem = {
  id: 0x647a,
  publicKeyBytes: 1216,
  publicKey: (privateKey) => ml_kem768_x25519.keygen(privateKey).publicKey,
  derivePrivateKey(ikm) {
    const suiteId = concat(encodeUtf8("KEM"), uint16(0x647a));
    const label = encodeUtf8("DeriveKeyPair");
    const labeled = concat(ikm, hpkeVersion, suiteId, uint16(label.length), label);
    return shake256(concat(labeled, uint16(PRIVATE_KEY_BYTES)), { dkLen: PRIVATE_KEY_BYTES });
  },
  encapsulate(publicKey) {
    const { cipherText, sharedSecret } = ml_kem768_x25519.encapsulate(publicKey);
    return { shared: sharedSecret, enc: cipherText };
  },
  decapsulate: (enc, privateKey) => ml_kem768_x25519.decapsulate(enc, privateKey),
};

const algorithms = {
  1: { kem: dhkemX25519, hash: sha256, kdfId: 1, aeadId: 1, keyBytes: 16 },
  61453: { kem: xWing, hash: sha512, kdfId: 3, aeadId: 2, keyBytes: 32 },
};

function rawKey(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length !== length) throw new Error("invalid length of a key");
  return bytes.slice();
}

/** Returns HPKE in base mode (RFC 9180) with the algorithms of a suite. Each key encrypts one message. */
export function hpkeOf(suite: Suite) {
  const { kem, hash, kdfId, aeadId, keyBytes } = algorithms[suite];
  const ids = concat(uint16(kem.id), uint16(kdfId), uint16(aeadId));
  const hkdf = labeledHkdf(hash, concat(encodeUtf8("HPKE"), ids));
  const contextOf = (shared: Uint8Array, info: Uint8Array) => {
    const pskIdHash = hkdf.extract(none, "psk_id_hash", none);
    const infoHash = hkdf.extract(none, "info_hash", info);
    const context = concat(Uint8Array.of(0), pskIdHash, infoHash);
    const secret = hkdf.extract(shared, "secret", none);
    const expanded = (label: string, length: number) => hkdf.expand(secret, label, context, length);
    return {
      aead: () => gcm(expanded("key", keyBytes), expanded("base_nonce", AEAD_NONCE_BYTES), none),
      export: (exporterContext: Uint8Array, length: number) =>
        hkdf.expand(expanded("exp", hash.outputLen), "sec", exporterContext, length),
    };
  };
  const pair = (privateKey: Uint8Array) => ({
    privateKey,
    publicKey: kem.publicKey(privateKey),
  });
  return {
    async seal(publicKey: Uint8Array, plaintext: Uint8Array, info: Uint8Array) {
      const { shared, enc } = kem.encapsulate(publicKey);
      return { enc, ct: contextOf(shared, info).aead().encrypt(plaintext) };
    },
    open: async (key: Uint8Array, enc: Uint8Array, ciphertext: Uint8Array, info: Uint8Array) =>
      contextOf(kem.decapsulate(enc, key), info).aead().decrypt(ciphertext),
    async exportSecret(key: Uint8Array, context: Uint8Array, length: number, info: Uint8Array) {
      const { shared, enc } = kem.encapsulate(key);
      return { enc, secret: contextOf(shared, info).export(context, length) };
    },
    importSecret: async (
      key: Uint8Array,
      context: Uint8Array,
      enc: Uint8Array,
      length: number,
      info: Uint8Array,
    ) => contextOf(kem.decapsulate(enc, key), info).export(context, length),
    importPrivateKey: async (bytes: Uint8Array) => rawKey(bytes, PRIVATE_KEY_BYTES),
    importPublicKey: async (bytes: Uint8Array) => rawKey(bytes, kem.publicKeyBytes),
    exportPublicKey: async (key: Uint8Array) => key,
    exportPrivateKey: async (key: Uint8Array) => key,
    deriveKeyPair: async (ikm: Uint8Array) => pair(kem.derivePrivateKey(ikm)),
    generateKeyPair: async () => pair(randomBytes(PRIVATE_KEY_BYTES)),
    encryptAead: async (key: Uint8Array, nonce: Uint8Array, aad = none, plaintext: Uint8Array) =>
      gcm(key, nonce, aad).encrypt(plaintext),
    decryptAead: async (key: Uint8Array, nonce: Uint8Array, aad = none, ciphertext: Uint8Array) =>
      gcm(key, nonce, aad).decrypt(ciphertext),
    keyLength: keyBytes,
    nonceLength: AEAD_NONCE_BYTES,
  };
}

/**
 * Returns a suite's algorithms for ts-mls. All are computed by @noble, with the same results on all platforms: members who
 * disagree about the validity of a signature cannot stay in one group.
 *
 * @param signer - Signs what a member sends. Without it nothing can be sent.
 */
export function algorithmsOf(suite: Suite, signer?: Signer): CiphersuiteImpl {
  const { hash } = algorithms[suite];
  const mac = async (key: Uint8Array, data: Uint8Array) => hmac(hash, key, data);
  return {
    name: names[suite],
    rng: { randomBytes },
    kdf: {
      extract: async (salt, ikm) => extract(hash, ikm, salt),
      expand: async (prk, info, length) => expand(hash, prk, info, length),
      size: hash.outputLen,
    },
    hash: {
      digest: async (data) => hash(data),
      mac,
      verifyMac: async (key, tag, data) => equalConstantTime(await mac(key, data), tag),
    },
    signature: {
      async sign(_, message) {
        if (signer === undefined) throw new Error("this member does not send");
        return signer.sign(message);
      },
      async verify(publicKey, message, signature) {
        try {
          return ed25519.verify(signature, message, publicKey, { zip215: false });
        } catch {
          return false;
        }
      },
      keygen: () => Promise.reject(new Error("each device has its key")),
    },
    // The types of ts-mls require CryptoKey, which it only passes on.
    hpke: hpkeOf(suite) as unknown as CiphersuiteImpl["hpke"],
  };
}
