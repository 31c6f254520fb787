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
    const ephemeral = await hpke.DeriveKeyPair(hex(found.ikmE), true);
    expect(toHex(await hpke.SerializePublicKey(ephemeral.publicKey))).toBe(found.enc);
    const { privateKey, publicKey } = await hpke.DeriveKeyPair(hex(found.ikmR), true);
    expect(toHex(await hpke.SerializePublicKey(publicKey))).toBe(found.pkRm);
    expect(toHex(await hpke.SerializePrivateKey(privateKey))).toBe(found.skRm);

    const info = hex(found.info);
    const recipient = await hpke.SetupRecipient(privateKey, hex(found.enc), { info });
    // The file has a digest of all exports, whose contexts come from a stream of SHAKE128.
    const source = shake128.create({ dkLen: 2 ** 20 });
    const sink = shake128.create({ dkLen: 16 });
    for (let length = 0; length < 1000; length++) {
      const context = source.xof(source.xof(1)[0]!);
      // hpke exports no empty secret, and the digest is the same without it.
      if (length > 0) sink.update(await recipient.Export(context, length));
    }
    expect(toHex(sink.digest())).toBe(found.exports_accumulated);
  });
});

describe.each(suites)("HPKE of suite %i", (suite) => {
  it("decrypts what it encrypted, and nothing else", async () => {
    const hpke = hpkeOf(suite);
    const { privateKey, publicKey } = await hpke.GenerateKeyPair(true);
    const info = utf8("info");
    const { encapsulatedSecret, ciphertext } = await hpke.Seal(publicKey, utf8("text"), { info });
    await expect(hpke.Open(privateKey, encapsulatedSecret, ciphertext, { info })).resolves.toEqual(
      utf8("text"),
    );
    ciphertext[0]! ^= 1;
    await expect(hpke.Open(privateKey, encapsulatedSecret, ciphertext, { info })).rejects.toThrow();
  });

  it("rejects keys of another length", async () => {
    const hpke = hpkeOf(suite);
    for (const length of [0, 31, 33, 1215, 1217]) {
      await expect(hpke.DeserializePublicKey(new Uint8Array(length))).rejects.toThrow();
      await expect(hpke.DeserializePrivateKey(new Uint8Array(length), true)).rejects.toThrow();
    }
  });
});
