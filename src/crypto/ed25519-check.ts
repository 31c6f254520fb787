import { decodeHex } from "../bytes.js";

const PUBLIC_KEY = "d4b4f5784868c3020403246717ec169ff79e26608ea126a1ab69ee77d1b16712";
const VALID =
  "ef4f62f8479733ad879cfaced3c89a9c39dd4fc795ef2efa1c3eafe4d729a081" +
  "9726fd37d114a1273cf1265c3f1b318f9daac11fd62a09425ba36272f102a202";
const INVALID = [
  // S + L in place of S.
  "ef4f62f8479733ad879cfaced3c89a9c39dd4fc795ef2efa1c3eafe4d729a081" +
    "84faf294eb77b37f128e1eff1d1510a49daac11fd62a09425ba36272f102a212",
  // R has a component of order 2, so that only an equation with a factor holds.
  "feaf9d07b868cc52786305312c376563c622b0386a10d105e3c1501b28d65f7e" +
    "36847eb638a960c939da11ba324debc0f5f6b499559a22612dd21e1dbdc8ce0b",
  // R is an encoding of the identity that is not canonical, so that the equation holds for the point, not for the bytes.
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f" +
    "5dc8c6240b69c12afc6c3bfe241cefba5fb9d04e4daf2b48d42312b7f629810c",
];

/**
 * Returns whether a verifier of Ed25519 rejects S ≥ L, and compares the bytes of R with the encoding of [S]B − [k]A. Under a key
 * of the prime-order subgroup, such a verifier accepts exactly what docs/PROTOCOL.md, A-1, says, and the identity as R: what it
 * computes is in the subgroup, and its encoding is canonical. Tests signatures of the empty message on which verifiers differ.
 */
export function isExactVerifier(
  verify: (publicKey: Uint8Array, data: Uint8Array, signature: Uint8Array) => boolean,
): boolean {
  const accepts = (signature: string) =>
    verify(decodeHex(PUBLIC_KEY)!, new Uint8Array(0), decodeHex(signature)!);
  try {
    return accepts(VALID) && !INVALID.some(accepts);
  } catch {
    return false;
  }
}
