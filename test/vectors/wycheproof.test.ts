import { expect, it } from "vitest";
import { aesGcm, hmacSha256 } from "#native";
import { hkdfSha256 } from "../../src/crypto/hkdf.js";
import { pbkdf2Sha256 } from "../../src/crypto/pbkdf2.js";
import { ChatKey, decrypt } from "../../src/e2e/index.js";
import { DecryptError } from "../../src/index.js";
import { hex, toHex } from "../support/hex.js";
import { describeWithVectors, readVectors } from "../support/vectors.js";

interface Suite<Case> {
  testGroups: ({
    tests: (Case & { tcId: number; result: "valid" | "invalid" | "acceptable" })[];
  } & {
    ivSize?: number;
    keySize?: number;
    tagSize?: number;
  })[];
}

describeWithVectors("Wycheproof", () => {
  it("AES-256-GCM with 96-bit nonces: what is valid decrypts, and nothing else does", async () => {
    type Case = { key: string; iv: string; aad: string; msg: string; ct: string; tag: string };
    const { testGroups } = readVectors<Suite<Case>>("wycheproof/aes_gcm_test.json");
    const cases = testGroups
      .filter(({ ivSize, keySize, tagSize }) => ivSize === 96 && keySize === 256 && tagSize === 128)
      .flatMap(({ tests }) => tests);
    expect(cases).toHaveLength(66);
    for (const one of cases) {
      const key = await ChatKey.from(hex(one.key));
      const encrypted = { nonce: hex(one.iv), content: hex(one.ct + one.tag) };
      const decrypted = decrypt(key, encrypted, { aad: hex(one.aad) });
      if (one.result === "valid") {
        expect(toHex(await decrypted), `case ${one.tcId}`).toBe(one.msg);
        const aead = await aesGcm(hex(one.key));
        expect(toHex(await aead.seal(hex(one.iv), hex(one.msg), hex(one.aad)))).toBe(
          one.ct + one.tag,
        );
      } else {
        await expect(decrypted, `case ${one.tcId}`).rejects.toThrow(DecryptError);
      }
    }
  });

  it("AES-GCM with nonces of other lengths is refused by policy", async () => {
    type Case = { key: string; iv: string; aad: string; ct: string; tag: string };
    const { testGroups } = readVectors<Suite<Case>>("wycheproof/aes_gcm_test.json");
    const cases = testGroups
      .filter(({ ivSize, keySize }) => ivSize !== 96 && keySize === 256)
      .flatMap(({ tests }) => tests);
    expect(cases.length).toBeGreaterThan(20);
    for (const one of cases) {
      const key = await ChatKey.from(hex(one.key));
      const encrypted = { nonce: hex(one.iv), content: hex(one.ct + one.tag) };
      await expect(decrypt(key, encrypted, { aad: hex(one.aad) })).rejects.toThrow(DecryptError);
    }
  });

  it("HMAC-SHA256", () => {
    const { testGroups } = readVectors<Suite<{ key: string; msg: string; tag: string }>>(
      "wycheproof/hmac_sha256_test.json",
    );
    const cases = testGroups.flatMap(({ tests }) => tests);
    expect(cases).toHaveLength(174);
    for (const one of cases) {
      const tag = toHex(hmacSha256(hex(one.key))(hex(one.msg)));
      expect(tag.startsWith(one.tag), `case ${one.tcId}`).toBe(one.result === "valid");
    }
  });

  it("HKDF-SHA256", () => {
    type Case = { ikm: string; salt: string; info: string; size: number; okm: string };
    const cases = readVectors<Suite<Case>>("wycheproof/hkdf_sha256_test.json").testGroups.flatMap(
      ({ tests }) => tests,
    );
    expect(cases).toHaveLength(86);
    for (const one of cases) {
      const derive = () =>
        hkdfSha256(hex(one.ikm), { salt: hex(one.salt), info: hex(one.info), length: one.size });
      if (one.result === "valid") expect(toHex(derive()), `case ${one.tcId}`).toBe(one.okm);
      else expect(derive).toThrow();
    }
  });

  it("PBKDF2-HMAC-SHA256", async () => {
    type Case = {
      password: string;
      salt: string;
      iterationCount: number;
      dkLen: number;
      dk: string;
    };
    const cases = readVectors<Suite<Case>>(
      "wycheproof/pbkdf2_hmacsha256_test.json",
    ).testGroups.flatMap(({ tests }) => tests);
    expect(cases).toHaveLength(60);
    for (const one of cases) {
      const key = toHex(await pbkdf2Sha256(hex(one.password), hex(one.salt), one.iterationCount));
      const shared = 2 * Math.min(one.dkLen, 32);
      expect(key.slice(0, shared), `case ${one.tcId}`).toBe(one.dk.slice(0, shared));
    }
  });
});
