import { ed25519 } from "@noble/curves/ed25519.js";
import { describe, expect, it } from "vitest";
import { verifyEd25519 as verifyOnPlatform } from "#native";
import { isEd25519PublicKey, verifyEd25519, verifyInJavaScript } from "../../src/crypto/ed25519.js";
import { isExactVerifier } from "../../src/crypto/ed25519-check.js";
import { encodedPoints, SMALL_ORDER, signaturesWith } from "../support/ed25519.js";
import { toHex } from "../support/hex.js";
import { Random } from "../support/random.js";
import { runs } from "../support/runs.js";

// Keys, R and S of all kinds, among them the twelve of Chalkias, Garillot and Nikolaenko, "Taming the many EdDSAs".

describe("verifyEd25519", () => {
  it("accepts a usual key and R with a reduced S, and no other combination", {
    timeout: 60_000,
  }, () => {
    const random = new Random(1);
    for (let run = 0; run < runs(10); run++) {
      const data = random.bytes(random.below(200));
      for (const [a, key] of encodedPoints(3n + BigInt(random.uint32())).entries()) {
        for (const [r, commitment] of encodedPoints(5n + BigInt(random.uint32())).entries()) {
          for (const [s, signature] of signaturesWith(key, commitment, data).entries()) {
            const isValid = a === 0 && r === 0 && s === 0;
            expect(verifyEd25519(key.bytes, data, signature), `${a} ${r} ${s}`).toBe(isValid);
            if (a > 0) break;
          }
        }
      }
    }
  });

  it("has the same result on the platform and in JavaScript", { timeout: 60_000 }, () => {
    const random = new Random(2);
    const compare = (publicKey: Uint8Array, data: Uint8Array, signature: Uint8Array) => {
      const isIdentity = toHex(signature.subarray(0, 32)) === SMALL_ORDER[0];
      const expected = verifyInJavaScript(publicKey, data, signature);
      const native = verifyOnPlatform(publicKey, data, signature);
      // Callers reject the identity.
      if (native !== undefined && !isIdentity) expect(native, toHex(signature)).toBe(expected);
      expect(verifyEd25519(publicKey, data, signature), toHex(signature)).toBe(expected);
      return expected;
    };
    let valid = 0;
    for (let run = 0; run < runs(10); run++) {
      const [key] = encodedPoints(3n + BigInt(random.uint32()));
      const data = random.bytes(random.below(1000));
      for (const commitment of encodedPoints(5n + BigInt(random.uint32()))) {
        for (const signature of signaturesWith(key!, commitment, data)) {
          compare(key!.bytes, data, signature);
        }
      }
      const { secretKey, publicKey } = ed25519.keygen(random.bytes(32));
      const genuine = ed25519.sign(data, secretKey);
      for (let change = 0; change < 40; change++) {
        const signature = genuine.slice();
        if (change > 0) signature[random.below(64)]! ^= 1 << random.below(8);
        if (compare(publicKey, data, signature)) valid += 1;
      }
    }
    expect(valid).toBe(runs(10));
  });
});

describe("isEd25519PublicKey", () => {
  it("has the same result again, also after more keys than it remembers", {
    timeout: 60_000,
  }, () => {
    const [usual, ...others] = encodedPoints(3n);
    const expectSame = () => {
      expect(isEd25519PublicKey(usual!.bytes)).toBe(true);
      for (const { bytes } of others) expect(isEd25519PublicKey(bytes), toHex(bytes)).toBe(false);
    };
    expectSame();
    expectSame();
    let point = ed25519.Point.BASE;
    for (let one = 0; one < 1030; one++, point = point.double()) {
      expect(isEd25519PublicKey(point.toBytes())).toBe(true);
    }
    expectSame();
  });
});

describe("isExactVerifier", () => {
  it("accepts the verifier in JavaScript", () => {
    expect(isExactVerifier(verifyInJavaScript)).toBe(true);
  });

  it("rejects verifiers with a cofactor, with encodings that are not canonical, or without a bound of S", () => {
    const withOptions = (zip215: boolean) => (key: Uint8Array, data: Uint8Array, sig: Uint8Array) =>
      ed25519.verify(sig, data, key, { zip215 });
    expect(isExactVerifier(withOptions(false))).toBe(false);
    expect(isExactVerifier(withOptions(true))).toBe(false);
    const reduced = (signature: Uint8Array) => {
      const { ORDER, toBytes } = ed25519.Point.Fn;
      const s = signature.subarray(32).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
      return Uint8Array.of(...signature.subarray(0, 32), ...toBytes(s % ORDER));
    };
    expect(
      isExactVerifier((key, data, signature) => verifyInJavaScript(key, data, reduced(signature))),
    ).toBe(false);
  });

  it("rejects verifiers that accept nothing, accept everything, or throw", () => {
    expect(isExactVerifier(() => false)).toBe(false);
    expect(isExactVerifier(() => true)).toBe(false);
    const missing = () => {
      throw new Error("no Ed25519");
    };
    expect(isExactVerifier(missing)).toBe(false);
  });
});
