import { expect, it } from "vitest";
import { aesGcm, hmacSha256 } from "#native";
import { equalConstantTime } from "../../src/bytes.js";
import { aesGcmInWebCrypto } from "../../src/crypto/aead.js";
import { hkdfSha256 } from "../../src/crypto/hkdf.js";
import { hmacSha256InJavaScript } from "../../src/crypto/hmac.js";
import { aesGcmInJavaScript, pbkdf2Sha256InJavaScript } from "../../src/crypto/in-javascript.js";
import { pbkdf2Sha256 } from "../../src/crypto/pbkdf2.js";
import { ChatKey, decrypt } from "../../src/e2e/index.js";
import { DecryptError, KeyError } from "../../src/index.js";
import { MAC_BYTES } from "../../src/limits.js";
import { hex, toHex } from "../support/hex.js";
import { describeWithVectors, readVectors } from "../support/vectors.js";

interface Suite<Case> {
  testGroups: ({
    tests: (Case & { tcId: number; result: "valid" | "invalid" })[];
  } & { ivSize: number; keySize: number; tagSize: number })[];
}

async function casesOf<Case>(file: string) {
  const { testGroups } = await readVectors<Suite<Case>>(`wycheproof/${file}`);
  return testGroups.flatMap(({ tests, ...group }) => tests.map((one) => ({ ...group, ...one })));
}

/** Counts the outcomes of all cases, logs the counts, and returns them. */
async function tally<Case>(
  name: string,
  cases: readonly Case[],
  outcomeOf: (one: Case) => string | Promise<string>,
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const one of cases) {
    const outcome = await outcomeOf(one);
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  console.info(`${name}: ${JSON.stringify(counts)}`);
  return counts;
}

/** Imports the key in WebCrypto, if the platform has it. */
async function imported(raw: Uint8Array): Promise<CryptoKey[]> {
  if (crypto.subtle === undefined) return [];
  const usages = ["encrypt", "decrypt"] as const;
  return [await crypto.subtle.importKey("raw", raw as BufferSource, "AES-GCM", false, usages)];
}

describeWithVectors("Wycheproof", () => {
  it("AES-GCM: decrypts valid ciphertexts on every path, and rejects invalid ones and other sizes", async () => {
    type Case = { key: string; iv: string; aad: string; msg: string; ct: string; tag: string };
    const counts = await tally("AES-GCM", await casesOf<Case>("aes_gcm_test.json"), async (one) => {
      const [raw, nonce, aad] = [hex(one.key), hex(one.iv), hex(one.aad)];
      const content = hex(one.ct + one.tag);
      if (one.keySize !== 256) {
        await expect(ChatKey.from(raw)).rejects.toThrow(KeyError);
        return "policy: keys have 256 bits";
      }
      const inWebCrypto = await imported(raw);
      const own = await ChatKey.from(raw);
      const encryptedCheck = await own.encryptCheck();
      const keys = [
        own,
        ...(await Promise.all(inWebCrypto.map((key) => ChatKey.from(key, { encryptedCheck })))),
      ];
      const paths = [
        await aesGcm(raw),
        ...inWebCrypto.map(aesGcmInWebCrypto),
        aesGcmInJavaScript(raw),
      ];
      if (one.ivSize !== 96 || one.result === "invalid") {
        for (const key of keys) {
          const decrypted = decrypt(key, { nonce, content }, { aad });
          await expect(decrypted, `case ${one.tcId}`).rejects.toThrow(DecryptError);
        }
        if (one.ivSize !== 96) return "policy: nonces have 96 bits";
        for (const path of paths) {
          await expect(async () => path.decrypt(nonce, content, aad)).rejects.toThrow();
        }
        return "rejected";
      }
      for (const key of keys) {
        expect(toHex(await decrypt(key, { nonce, content }, { aad }))).toBe(one.msg);
      }
      for (const path of paths) {
        expect(toHex(await path.decrypt(nonce, content, aad)), `case ${one.tcId}`).toBe(one.msg);
        expect(toHex(await path.encrypt(nonce, hex(one.msg), aad))).toBe(one.ct + one.tag);
      }
      return "decrypted, and encrypted the same";
    });
    expect(counts).toEqual({
      "decrypted, and encrypted the same": 39,
      rejected: 27,
      "policy: nonces have 96 bits": 39,
      "policy: keys have 256 bits": 211,
    });
  });

  it("HMAC-SHA256: computes tags on every path, and rejects truncated tags", async () => {
    type Case = { key: string; msg: string; tag: string };
    const counts = await tally(
      "HMAC-SHA256",
      await casesOf<Case>("hmac_sha256_test.json"),
      (one) => {
        const macs = [hmacSha256, hmacSha256InJavaScript].map((hmac) =>
          hmac(hex(one.key))(hex(one.msg)),
        );
        const [tag, isTruncated] = [hex(one.tag), one.tag.length < 2 * MAC_BYTES];
        for (const mac of macs) {
          const isStart = toHex(mac).startsWith(one.tag);
          expect(isStart, `case ${one.tcId}`).toBe(one.result === "valid");
          expect(equalConstantTime(mac, tag)).toBe(isStart && !isTruncated);
        }
        if (isTruncated) return "policy: tags have 256 bits";
        return one.result === "valid" ? "verified" : "rejected";
      },
    );
    expect(counts).toEqual({ verified: 33, rejected: 54, "policy: tags have 256 bits": 87 });
  });

  it("HKDF-SHA256: derives the keys", async () => {
    type Case = { ikm: string; salt: string; info: string; size: number; okm: string };
    const counts = await tally(
      "HKDF-SHA256: derives the keys",
      await casesOf<Case>("hkdf_sha256_test.json"),
      (one) => {
        const [salt, info] = [hex(one.salt), hex(one.info)];
        const derive = () => hkdfSha256(hex(one.ikm), { salt, info, length: one.size });
        if (one.result === "valid") expect(toHex(derive()), `case ${one.tcId}`).toBe(one.okm);
        else expect(derive).toThrow();
        return one.result === "valid" ? "derived" : "rejected";
      },
    );
    expect(counts).toEqual({ derived: 83, rejected: 3 });
  });

  it("PBKDF2-HMAC-SHA256: derives 32 bytes on the platform and in JavaScript", async () => {
    type Case = {
      password: string;
      salt: string;
      iterationCount: number;
      dkLen: number;
      dk: string;
    };
    const cases = await casesOf<Case>("pbkdf2_hmacsha256_test.json");
    const counts = await tally("PBKDF2-HMAC-SHA256", cases, async (one) => {
      const given = [hex(one.password), hex(one.salt), one.iterationCount] as const;
      const shared = 2 * Math.min(one.dkLen, 32);
      for (const derive of [pbkdf2Sha256, pbkdf2Sha256InJavaScript]) {
        const key = toHex(await derive(...given));
        expect(key.slice(0, shared), `case ${one.tcId}`).toBe(one.dk.slice(0, shared));
      }
      return one.dkLen === 32
        ? "derived"
        : "policy: keys have 32 bytes; the common bytes are equal";
    });
    expect(counts).toEqual({
      derived: 4,
      "policy: keys have 32 bytes; the common bytes are equal": 56,
    });
  });
});
