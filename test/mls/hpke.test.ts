import { shake128 } from "@noble/hashes/sha3.js";
import { describe, expect, it } from "vitest";
import { hpkeOf } from "../../src/mls/engine-crypto.js";
import { hex, toHex } from "../support/hex.js";
import { suites, utf8 } from "../support/mls.js";
import { describeWithVectors, readVectors } from "../support/vectors.js";

interface HpkeCase {
  readonly mode: number;
  readonly kem_id: number;
  readonly kdf_id: number;
  readonly aead_id: number;
  readonly info: string;
  readonly ikmE: string;
  readonly ikmR: string;
  readonly skRm: string;
  readonly pkRm: string;
  readonly enc: string;
  readonly exports_accumulated: string;
}

describeWithVectors("HPKE of suite 1 with the vectors of RFC 9180", () => {
  it("derives the key pairs, and exports the 1,000 secrets of the recipient", async () => {
    const cases = await readVectors<HpkeCase[]>("hpke/rfc9180.json");
    const found = cases.find(
      ({ mode, kem_id, kdf_id, aead_id }) =>
        mode === 0 && kem_id === 0x20 && kdf_id === 1 && aead_id === 1,
    )!;
    const hpke = hpkeOf(1);
    expect(toHex((await hpke.deriveKeyPair(hex(found.ikmE))).publicKey)).toBe(found.enc);
    const { privateKey, publicKey } = await hpke.deriveKeyPair(hex(found.ikmR));
    expect(toHex(publicKey)).toBe(found.pkRm);
    expect(toHex(privateKey)).toBe(found.skRm);

    // The file has a digest of all exports, whose contexts come from a stream of SHAKE128.
    const source = shake128.create({ dkLen: 2 ** 20 });
    const sink = shake128.create({ dkLen: 16 });
    const [enc, info] = [hex(found.enc), hex(found.info)];
    for (let length = 0; length < 1000; length++) {
      const context = source.xof(source.xof(1)[0]!);
      sink.update(await hpke.importSecret(privateKey, context, enc, length, info));
    }
    expect(toHex(sink.digest())).toBe(found.exports_accumulated);
  });
});

it("derives a key pair of X-Wing as hpke 1.1.7 does", async () => {
  const { privateKey, publicKey } = await hpkeOf(0xf00d).deriveKeyPair(new Uint8Array(64).fill(7));
  expect(toHex(privateKey)).toBe(
    "1cab480a8e848e0a22ab6e013f23da6b9bd48589428d890a9f25134f860ff3fb",
  );
  expect(toHex(publicKey.subarray(0, 32))).toBe(
    "8970b8cd63028454035fb5b608f681a196a69653cfa94619ff4ba346319c1693",
  );
});

describe.each(suites)("HPKE of suite %i", (suite) => {
  it("decrypts what it encrypted, and nothing else", async () => {
    const hpke = hpkeOf(suite);
    const { privateKey, publicKey } = await hpke.generateKeyPair();
    const info = utf8("info");
    const { enc, ct } = await hpke.seal(publicKey, utf8("text"), info);
    await expect(hpke.open(privateKey, enc, ct, info)).resolves.toEqual(utf8("text"));
    await expect(hpke.open(privateKey, enc, ct, utf8("other"))).rejects.toThrow();
    ct[0]! ^= 1;
    await expect(hpke.open(privateKey, enc, ct, info)).rejects.toThrow();
  });

  it("exports the same secret to both ends", async () => {
    const hpke = hpkeOf(suite);
    const { privateKey, publicKey } = await hpke.generateKeyPair();
    const [context, info] = [utf8("context"), utf8("info")];
    const { enc, secret } = await hpke.exportSecret(publicKey, context, 64, info);
    expect(await hpke.importSecret(privateKey, context, enc, 64, info)).toEqual(secret);
  });

  it("rejects keys of another length", async () => {
    const hpke = hpkeOf(suite);
    for (const length of [0, 31, 33, 1215, 1217]) {
      await expect(hpke.importPublicKey(new Uint8Array(length))).rejects.toThrow();
      await expect(hpke.importPrivateKey(new Uint8Array(length))).rejects.toThrow();
    }
  });
});
