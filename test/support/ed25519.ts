import { ed25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { hex } from "./hex.js";

// Keys and signatures that an implementation of RFC 8032 must not make, to test that they are rejected.

const { Point } = ed25519;
/** Order of the prime-order subgroup. */
const L = Point.Fn.ORDER;

/** The canonical encodings of all points of small order: the identity first, then those of order 2, 4 and 8. */
export const SMALL_ORDER = [
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
];

/** Encodings of points that are not canonical: y ≥ p, or a sign bit of x = 0. */
export const NOT_CANONICAL = [
  "0100000000000000000000000000000000000000000000000000000000000080",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];

/** A y that no point of the curve has. */
export const NOT_ON_CURVE = "0200000000000000000000000000000000000000000000000000000000000000";

const ofOrder8 = Point.fromHex(SMALL_ORDER[4]!);

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function scalarBytes(scalar: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, at) => Number((scalar >> BigInt(8 * at)) & 0xffn));
}

/** A public key, or the R of a signature. */
export interface EncodedPoint {
  readonly bytes: Uint8Array;
  /** Logarithm of the point's part in the prime-order subgroup. */
  readonly log: bigint;
}

/** Returns the usual point of a logarithm, and then all others that A-1 rejects. */
export function encodedPoints(log: bigint): EncodedPoint[] {
  const usual = Point.BASE.multiply(log);
  const mixed = SMALL_ORDER.slice(1).map((small) => usual.add(Point.fromHex(small)).toBytes());
  const others = [...SMALL_ORDER, ...NOT_CANONICAL, NOT_ON_CURVE].map(hex);
  return [
    ...[usual.toBytes(), ...mixed].map((bytes) => ({ bytes, log })),
    ...others.map((bytes) => ({ bytes, log: 0n })),
  ];
}

/** Returns the signature with R that fulfils the equation, as far as that is possible, and then wrong ones with other values of S. */
export function signaturesWith(
  { bytes: publicKey, log }: EncodedPoint,
  { bytes: commitment, log: nonce }: EncodedPoint,
  data: Uint8Array,
): Uint8Array[] {
  const k = littleEndian(sha512(Uint8Array.of(...commitment, ...publicKey, ...data))) % L;
  const s = (nonce + k * log) % L;
  const wrong = [s + L, s + 2n * L, s + 8n * L, s + 2n ** 255n, (s + 1n) % L, L - s, 0n, L, L - 1n];
  return [s, ...wrong, 2n ** 256n - 1n].map((one) =>
    Uint8Array.of(...commitment, ...scalarBytes(one)),
  );
}

/** A key that signs with chosen parts. */
export interface UnusualKey {
  readonly publicKey: Uint8Array;
  readonly sign: (data: Uint8Array) => Uint8Array;
}

/**
 * Returns a key, or one whose point has a component of order 8, and whose signatures have such a component or use the nonce 0.
 * Its signatures fulfil the equation with the cofactor.
 */
export function unusualKey(
  scalar: bigint,
  options: { mixedKey?: boolean; mixedCommitment?: boolean; nonce?: bigint } = {},
): UnusualKey {
  const { mixedKey = false, mixedCommitment = false, nonce = 12_345n } = options;
  const mix = (point: typeof ofOrder8, isMixed: boolean) => (isMixed ? point.add(ofOrder8) : point);
  const publicKey = mix(Point.BASE.multiply(scalar), mixedKey).toBytes();
  const commitment = mix(Point.BASE.multiplyUnsafe(nonce), mixedCommitment).toBytes();
  return {
    publicKey,
    sign(data) {
      const k = littleEndian(sha512(Uint8Array.of(...commitment, ...publicKey, ...data))) % L;
      return Uint8Array.of(...commitment, ...scalarBytes((nonce + k * scalar) % L));
    },
  };
}

/** Returns a signature with S + L in place of S, which is the same scalar. */
export function withoutReduction(signature: Uint8Array): Uint8Array {
  const s = littleEndian(signature.subarray(32)) + L;
  return Uint8Array.of(...signature.subarray(0, 32), ...scalarBytes(s));
}

/** Returns whether the equation without the cofactor holds, which OpenSSL and others check. */
export function fulfilsEquation(
  publicKey: Uint8Array,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  const [commitment, s] = [signature.subarray(0, 32), littleEndian(signature.subarray(32))];
  const k = littleEndian(sha512(Uint8Array.of(...commitment, ...publicKey, ...data))) % L;
  const right = Point.fromBytes(commitment).add(Point.fromBytes(publicKey).multiplyUnsafe(k));
  return Point.BASE.multiplyUnsafe(s % L).equals(right);
}
