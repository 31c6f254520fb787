import { describe, expect, it } from "vitest";
import {
  isEd25519PublicKey,
  signerFromSeed,
  signerInJavaScript,
  verifyEd25519,
} from "../../src/crypto/ed25519.js";
import * as unusual from "../support/ed25519.js";
import { counting, hex, toHex } from "../support/hex.js";
import { testKey } from "../support/log-entries.js";
import { describeWithVectors, readVectors } from "../support/vectors.js";

interface Suite {
  testGroups: {
    publicKey: { pk: string };
    tests: { tcId: number; msg: string; sig: string; result: "valid" | "invalid" }[];
  }[];
}

describeWithVectors("Wycheproof", () => {
  it("Ed25519: verifies valid signatures, and rejects invalid ones", async () => {
    const { testGroups } = await readVectors<Suite>("wycheproof/ed25519_test.json");
    const counts = { valid: 0, invalid: 0 };
    for (const { publicKey, tests } of testGroups) {
      const key = hex(publicKey.pk);
      expect(isEd25519PublicKey(key)).toBe(true);
      for (const { tcId, msg, sig, result } of tests) {
        expect(verifyEd25519(key, hex(msg), hex(sig)), `case ${tcId}`).toBe(result === "valid");
        counts[result] += 1;
      }
    }
    expect(counts).toEqual({ valid: 88, invalid: 63 });
  });
});

describe("Ed25519", () => {
  const data = counting(40);
  const { publicKey, sign } = testKey(1);

  it("signs equally in WebCrypto and in JavaScript", async () => {
    const seed = new Uint8Array(32).fill(1);
    for (const signer of [await signerFromSeed(seed), signerInJavaScript(seed)]) {
      const signature = await signer.sign(data);
      expect(verifyEd25519(publicKey, data, signature)).toBe(true);
      expect(toHex(signer.publicKey)).toBe(toHex(publicKey));
    }
    expect(toHex(await signerInJavaScript(seed).sign(data))).toBe(toHex(sign(data)));
  });

  it("rejects keys of small order, with a component of small order, not canonical, or not on the curve", () => {
    const mixed = unusual.unusualKey(3n, { mixedKey: true });
    const wrong = [...unusual.SMALL_ORDER, ...unusual.NOT_CANONICAL, unusual.NOT_ON_CURVE];
    for (const key of [...wrong, toHex(mixed.publicKey), "", toHex(publicKey).slice(2)]) {
      expect(isEd25519PublicKey(hex(key)), key).toBe(false);
    }
    expect(isEd25519PublicKey(publicKey)).toBe(true);
  });

  it("rejects an S that is not reduced", () => {
    const signature = unusual.withoutReduction(sign(data));
    expect(verifyEd25519(publicKey, data, sign(data))).toBe(true);
    expect(verifyEd25519(publicKey, data, signature)).toBe(false);
  });

  it("rejects an R of small order, and one for which the equation holds only with the cofactor", () => {
    const usual = unusual.unusualKey(3n);
    expect(verifyEd25519(usual.publicKey, data, usual.sign(data))).toBe(true);
    const zeroNonce = unusual.unusualKey(3n, { nonce: 0n });
    const mixed = unusual.unusualKey(3n, { mixedCommitment: true });
    expect(unusual.fulfilsEquation(zeroNonce.publicKey, data, zeroNonce.sign(data))).toBe(true);
    expect(unusual.fulfilsEquation(mixed.publicKey, data, mixed.sign(data))).toBe(false);
    for (const key of [zeroNonce, mixed]) {
      expect(verifyEd25519(key.publicKey, data, key.sign(data))).toBe(false);
    }
  });

  it("rejects signatures of other lengths", () => {
    const signature = sign(data);
    for (const other of [signature.slice(1), Uint8Array.of(...signature, 0), new Uint8Array()]) {
      expect(verifyEd25519(publicKey, data, other)).toBe(false);
    }
  });
});
