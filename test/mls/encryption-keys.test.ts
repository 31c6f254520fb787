import { x25519 } from "@noble/curves/ed25519.js";
import { ml_kem768_x25519 } from "@noble/post-quantum/hybrid.js";
import { describe, expect, it } from "vitest";
import { isEncryptionKey } from "../../src/mls/engine-crypto.js";
import { counting } from "../support/hex.js";

const P = 2n ** 255n - 19n;
const point = (u: bigint) =>
  Uint8Array.from({ length: 32 }, (_, at) => Number((u >> BigInt(8 * at)) & 0xffn));

/** Expects the same result as from @noble, which encrypts. */
function expectX25519(key: Uint8Array, isValid: boolean): void {
  let works = true;
  try {
    x25519.getSharedSecret(counting(32), key);
  } catch {
    works = false;
  }
  expect(works).toBe(isValid);
  expect(isEncryptionKey(1, key)).toBe(isValid);
}

describe("an encryption key", () => {
  it("of X25519 has 32 bytes, and is no point of small order", () => {
    const of8 = [
      325606250916557431795983626356110631294008115727848805560023387167927233504n,
      39382357235489614581723060781553021112529911719440698176882885853963445705823n,
    ];
    for (const u of [0n, 1n, P - 1n, P, P + 1n, ...of8]) {
      expectX25519(point(u), false);
      expectX25519(point(u + 2n ** 255n), false);
    }
    for (const u of [2n, 9n, P - 2n, P + 2n, 2n ** 255n - 1n]) expectX25519(point(u), true);
    for (const length of [0, 31, 33, 1216])
      expect(isEncryptionKey(1, counting(length))).toBe(false);
  });

  it("of X-Wing has 1,216 bytes, reduced coefficients, and no point of small order", () => {
    const { publicKey } = ml_kem768_x25519.keygen(counting(32));
    const changed = (at: number, bytes: readonly number[]) => {
      const key = publicKey.slice();
      key.set(bytes, at);
      return key;
    };
    const works = (key: Uint8Array) => {
      try {
        ml_kem768_x25519.encapsulate(key);
        return true;
      } catch {
        return false;
      }
    };
    // 3,328 and 3,329 as the two coefficients of three bytes.
    const pair = (first: number, second: number) => [
      first & 0xff,
      (first >> 8) | ((second & 0x0f) << 4),
      second >> 4,
    ];
    for (const at of [0, 1149]) {
      for (const [coefficients, isValid] of [
        [pair(3328, 3328), true],
        [pair(3329, 0), false],
        [pair(0, 3329), false],
        [pair(4095, 4095), false],
      ] as const) {
        const key = changed(at, coefficients);
        expect(works(key)).toBe(isValid);
        expect(isEncryptionKey(0xf00d, key)).toBe(isValid);
      }
    }
    // The seed of the matrix is any bytes.
    expect(isEncryptionKey(0xf00d, changed(1152, Array(32).fill(0xff)))).toBe(true);
    const small = changed(1184, Array(32).fill(0));
    expect(works(small)).toBe(false);
    expect(isEncryptionKey(0xf00d, small)).toBe(false);
    for (const length of [32, 1215, 1217]) {
      expect(isEncryptionKey(0xf00d, counting(length))).toBe(false);
    }
  });
});
