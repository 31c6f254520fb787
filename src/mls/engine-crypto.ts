import { gcm } from "@noble/ciphers/aes.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { expand, extract } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { shake256 } from "@noble/hashes/sha3.js";
import { ml_kem768_x25519 } from "@noble/post-quantum/hybrid.js";
import { encodeHex, equalConstantTime } from "../bytes.js";
import { verifyEd25519 } from "../crypto/ed25519.js";
import { randomBytes } from "../crypto/random.js";
import {
  type AEAD,
  CipherSuite,
  type CiphersuiteImpl,
  ciphersuites,
  concat,
  encode,
  I2OSP,
  type KDF,
  type KEM,
  type Key,
  LabeledDerive,
  LabeledExpand,
  LabeledExtract,
} from "./engine-library.js";
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

interface RawKey extends Key {
  readonly bytes: Uint8Array;
}

/** What differs between the two KEMs, on raw keys. @noble rejects invalid keys. */
interface RawKem {
  readonly id: number;
  readonly name: string;
  readonly Nenc: number;
  readonly Npk: number;
  publicKey(privateKey: Uint8Array): Uint8Array;
  derive(suiteId: Uint8Array, ikm: Uint8Array): Promise<Uint8Array>;
  encap(suiteId: Uint8Array, publicKey: Uint8Array): ReturnType<KEM["Encap"]>;
  decap(suiteId: Uint8Array, enc: Uint8Array, privateKey: Uint8Array): Promise<Uint8Array>;
}

const hkdf = (id: number, hash: typeof sha256 | typeof sha512, Nh: number): KDF => ({
  id,
  type: "KDF",
  name: `HKDF-SHA${Nh * 8}`,
  Nh,
  stages: 2,
  Extract: async (salt, ikm) => extract(hash, ikm, salt),
  Expand: async (prk, info, length) => expand(hash, prk, info, length),
  Derive: () => Promise.reject(new Error("HKDF has two stages")),
});
const hkdfSha256 = hkdf(1, sha256, 32);
const none = new Uint8Array(0);

/** DHKEM(X25519, HKDF-SHA256) (RFC 9180, section 4.1). */
const dhkemX25519: RawKem = {
  id: 0x0020,
  name: "DHKEM(X25519, HKDF-SHA256)",
  Nenc: 32,
  Npk: 32,
  publicKey: (privateKey) => x25519.getPublicKey(privateKey),
  async derive(suiteId, ikm) {
    const prk = await LabeledExtract(hkdfSha256, suiteId, none, encode("dkp_prk"), ikm);
    return LabeledExpand(hkdfSha256, suiteId, prk, encode("sk"), none, PRIVATE_KEY_BYTES);
  },
  async encap(suiteId, publicKey) {
    const privateKey = randomBytes(PRIVATE_KEY_BYTES);
    const enc = x25519.getPublicKey(privateKey);
    const shared = x25519.getSharedSecret(privateKey, publicKey);
    return { shared_secret: await sharedSecret(suiteId, shared, enc, publicKey), enc };
  },
  decap(suiteId, enc, privateKey) {
    const shared = x25519.getSharedSecret(privateKey, enc);
    return sharedSecret(suiteId, shared, enc, x25519.getPublicKey(privateKey));
  },
};

/** ExtractAndExpand of DHKEM. */
async function sharedSecret(suiteId: Uint8Array, shared: Uint8Array, ...context: Uint8Array[]) {
  const prk = await LabeledExtract(hkdfSha256, suiteId, none, encode("eae_prk"), shared);
  return LabeledExpand(hkdfSha256, suiteId, prk, encode("shared_secret"), concat(...context), 32);
}

/** X-Wing, named MLKEM768-X25519 in draft-ietf-hpke-pq. */
const xWing: RawKem = {
  id: 0x647a,
  name: "MLKEM768-X25519",
  Nenc: 1120,
  Npk: 1216,
  publicKey: (privateKey) => ml_kem768_x25519.keygen(privateKey).publicKey,
  derive(suiteId, ikm) {
    const kdf = { Derive: async (input: Uint8Array, dkLen: number) => shake256(input, { dkLen }) };
    return LabeledDerive(kdf, suiteId, ikm, encode("DeriveKeyPair"), none, PRIVATE_KEY_BYTES);
  },
  async encap(_, publicKey) {
    const { cipherText, sharedSecret } = ml_kem768_x25519.encapsulate(publicKey);
    return { shared_secret: sharedSecret, enc: cipherText };
  },
  decap: async (_, enc, privateKey) => ml_kem768_x25519.decapsulate(enc, privateKey),
};

function kem({ publicKey, derive, encap, decap, ...sizes }: RawKem): KEM<RawKey> {
  const suiteId = concat(encode("KEM"), I2OSP(sizes.id, 2));
  const key = (type: "private" | "public", bytes: Uint8Array, size: number): RawKey => {
    if (bytes.length !== size) throw new Error(`invalid length of a ${type} key`);
    return { type, extractable: true, algorithm: { name: sizes.name }, bytes: bytes.slice() };
  };
  const privateKey = (bytes: Uint8Array) => key("private", bytes, PRIVATE_KEY_BYTES);
  const pair = (bytes: Uint8Array) => ({
    privateKey: privateKey(bytes),
    publicKey: key("public", publicKey(bytes), sizes.Npk),
  });
  return {
    ...sizes,
    type: "KEM",
    Nsecret: 32,
    Nsk: PRIVATE_KEY_BYTES,
    DeriveKeyPair: async (ikm) => pair(await derive(suiteId, ikm)),
    GenerateKeyPair: async () => pair(randomBytes(PRIVATE_KEY_BYTES)),
    SerializePublicKey: async ({ bytes }) => bytes,
    SerializePrivateKey: async ({ bytes }) => bytes,
    DeserializePublicKey: async (bytes) => key("public", bytes, sizes.Npk),
    DeserializePrivateKey: async (bytes) => privateKey(bytes),
    Encap: ({ bytes }) => encap(suiteId, bytes),
    Decap: (enc, { bytes }) => decap(suiteId, enc, bytes),
  };
}

const aesGcm = (id: number, Nk: number): AEAD => ({
  id,
  type: "AEAD",
  name: `AES-${Nk * 8}-GCM`,
  Nk,
  Nn: 12,
  Nt: 16,
  Seal: async (key, nonce, aad, plaintext) => gcm(key, nonce, aad).encrypt(plaintext),
  Open: async (key, nonce, aad, ciphertext) => gcm(key, nonce, aad).decrypt(ciphertext),
});

const algorithms = {
  1: { kem: kem(dhkemX25519), kdf: hkdfSha256, aead: aesGcm(1, 16), hash: sha256 },
  61453: { kem: kem(xWing), kdf: hkdf(3, sha512, 64), aead: aesGcm(2, 32), hash: sha512 },
};

/** Order of the field of X25519. */
const P = 2n ** 255n - 19n;
/** The u-coordinates of points of small order, which give a shared secret of zeros (RFC 7748, section 6.1). */
const SMALL_ORDER = new Set([
  0n,
  1n,
  P - 1n,
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
]);
/** Length of the part of an X-Wing key that is an ML-KEM-768 key, and of its coefficients of 12 bits, in bytes. */
const [ML_KEM_BYTES, COEFFICIENT_BYTES] = [1184, 1152];
const ML_KEM_MODULUS = 3329;

/** Returns whether an HPKE public key can be encrypted to. A device that commits encrypts to the keys of others. */
export function isEncryptionKey(suite: Suite, publicKey: Uint8Array): boolean {
  if (publicKey.length !== algorithms[suite].kem.Npk) return false;
  const point = publicKey.slice(suite === 1 ? 0 : ML_KEM_BYTES).reverse();
  point[0]! &= 0x7f;
  if (SMALL_ORDER.has(BigInt(`0x${encodeHex(point)}`) % P)) return false;
  // FIPS 203, section 7.2: the modulus check.
  for (let at = 0; suite !== 1 && at < COEFFICIENT_BYTES; at += 3) {
    const [low, middle, high] = [publicKey[at]!, publicKey[at + 1]!, publicKey[at + 2]!];
    const pair = [low | ((middle & 0x0f) << 8), (middle >> 4) | (high << 4)];
    if (pair.some((coefficient) => coefficient >= ML_KEM_MODULUS)) return false;
  }
  return true;
}

/** Returns the HPKE public key of a private key. */
export function publicKeyOf(suite: Suite, privateKey: Uint8Array): Uint8Array {
  return (suite === 1 ? dhkemX25519 : xWing).publicKey(privateKey);
}

/** Returns HPKE (RFC 9180) with the algorithms of a suite, or with those of the history (docs/PROTOCOL.md, A-16). */
export function hpkeOf(suite: Suite | "history") {
  const { kem, kdf, aead } =
    suite === "history" ? { ...algorithms[61453], kdf: hkdfSha256 } : algorithms[suite];
  return new CipherSuite(
    () => kem,
    () => kdf,
    () => aead,
  );
}

/**
 * Returns a suite's algorithms for ts-mls. Their results are the same on all platforms: members who disagree about the validity of
 * a signature cannot stay in one group.
 *
 * @param signer - Signs what a member sends. Without it nothing can be sent.
 */
export function algorithmsOf(suite: Suite, signer?: Signer): CiphersuiteImpl {
  const { kdf, aead, hash } = algorithms[suite];
  const hpke = hpkeOf(suite);
  const verified = new WeakMap<Uint8Array, [publicKey: Uint8Array, message: Uint8Array]>();
  const mac = async (key: Uint8Array, data: Uint8Array) => hmac(hash, key, data);
  const forGroups = {
    open: (key: RawKey, enc: Uint8Array, ciphertext: Uint8Array, info: Uint8Array) =>
      hpke.Open(key, enc, ciphertext, { info }),
    async seal(key: RawKey, plaintext: Uint8Array, info: Uint8Array) {
      const sealed = await hpke.Seal(key, plaintext, { info });
      return { enc: sealed.encapsulatedSecret, ct: sealed.ciphertext };
    },
    async exportSecret(key: RawKey, context: Uint8Array, length: number, info: Uint8Array) {
      const sent = await hpke.SendExport(key, context, length, { info });
      return { enc: sent.encapsulatedSecret, secret: sent.exportedSecret };
    },
    importSecret: (
      key: RawKey,
      context: Uint8Array,
      enc: Uint8Array,
      length: number,
      info: Uint8Array,
    ) => hpke.ReceiveExport(key, enc, context, length, { info }),
    importPrivateKey: (bytes: Uint8Array) => hpke.DeserializePrivateKey(bytes, true),
    importPublicKey: (bytes: Uint8Array) => hpke.DeserializePublicKey(bytes),
    exportPublicKey: (key: RawKey) => hpke.SerializePublicKey(key),
    exportPrivateKey: (key: RawKey) => hpke.SerializePrivateKey(key),
    deriveKeyPair: (ikm: Uint8Array) => hpke.DeriveKeyPair(ikm, true),
    generateKeyPair: () => hpke.GenerateKeyPair(true),
    encryptAead: (key: Uint8Array, nonce: Uint8Array, aad = none, plaintext: Uint8Array) =>
      aead.Seal(key, nonce, aad, plaintext),
    decryptAead: (key: Uint8Array, nonce: Uint8Array, aad = none, ciphertext: Uint8Array) =>
      aead.Open(key, nonce, aad, ciphertext),
    keyLength: aead.Nk,
    nonceLength: aead.Nn,
  };
  return {
    name: names[suite],
    rng: { randomBytes },
    kdf: { extract: kdf.Extract, expand: kdf.Expand, size: kdf.Nh },
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
      // RFC 8032 leaves the cofactor open, and a commit that only some members accept would divide the group. The strict result is
      // that of other MLS libraries, which have no cofactor. A strict member among members with a cofactor would be the one that
      // is left behind, but a member can make a commit that all reject anyway.
      async verify(publicKey, message, signature) {
        // ts-mls verifies the same objects again: those of public commits, and of several additions (`validateApart`).
        const before = verified.get(signature);
        if (before?.every((part, at) => equalConstantTime(part, [publicKey, message][at]!))) {
          return true;
        }
        const isValid = verifyEd25519(publicKey, message, signature);
        if (isValid) verified.set(signature, [publicKey, message]);
        return isValid;
      },
      keygen: () => Promise.reject(new Error("each device has its key")),
    },
    // The types of ts-mls require CryptoKey, which it only passes on.
    hpke: forGroups as unknown as CiphersuiteImpl["hpke"],
  };
}
