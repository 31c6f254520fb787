import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { aesGcm, hmacSha256 } from "#native";
import { type AesGcm, aesGcmInWebCrypto } from "../../src/crypto/aead.js";
import { hmacSha256InJavaScript } from "../../src/crypto/hmac.js";
import { aesGcmInJavaScript } from "../../src/crypto/in-javascript.js";
import { randomBytes, uuidv7 } from "../../src/crypto/random.js";
import { counting, toHex } from "../support/hex.js";
import { runs } from "../support/runs.js";

const someBytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

describe("HMAC-SHA256", () => {
  it("computes the same tag on every path, for consecutive short and long messages", () => {
    const message = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ minLength: 950, maxLength: 1100, size: "max" }),
    );
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 100 }),
        fc.array(message, { maxLength: 3 }),
        (secret, messages) => {
          const native = hmacSha256(secret);
          const inJavaScript = hmacSha256InJavaScript(secret);
          for (const data of messages) {
            expect(toHex(native(data))).toBe(toHex(inJavaScript(data)));
          }
        },
      ),
      { numRuns: runs(1000) },
    );
  });
});

describe("AES-256-GCM", () => {
  const paths = async (raw: Uint8Array) => {
    const all = [await aesGcm(raw), aesGcmInJavaScript(raw)];
    if (crypto.subtle === undefined) return all;
    const usages = ["encrypt", "decrypt"] as const;
    const imported = await crypto.subtle.importKey(
      "raw",
      raw as BufferSource,
      "AES-GCM",
      false,
      usages,
    );
    return [...all, aesGcmInWebCrypto(imported)];
  };

  it("encrypts equally on every path, and decrypts on each path", async () => {
    const input = fc.record({
      raw: someBytes(32),
      nonce: someBytes(12),
      plaintext: fc.uint8Array({ maxLength: 300 }),
      aad: fc.uint8Array({ maxLength: 60 }),
    });
    await fc.assert(
      fc.asyncProperty(input, async ({ raw, nonce, plaintext, aad }) => {
        const all = await paths(raw);
        const sealed = await Promise.all(all.map((path) => path.encrypt(nonce, plaintext, aad)));
        expect(new Set(sealed.map(toHex)).size).toBe(1);
        for (const path of all)
          expect(toHex(await path.decrypt(nonce, sealed[0]!, aad))).toBe(toHex(plaintext));
      }),
      { numRuns: runs(300) },
    );
  });

  it("copies the key on every path", async () => {
    const raw = counting(32);
    const all = await paths(raw);
    raw.fill(7);
    const sealed = (path: AesGcm) => path.encrypt(counting(12), counting(20), counting(5));
    const same = await sealed(await aesGcm(counting(32)));
    for (const path of all) expect(toHex(await sealed(path))).toBe(toHex(same));
  });

  it("rejects changed bytes and shorter tags on every path", async () => {
    for (const path of await paths(counting(32))) {
      const nonce = counting(12);
      const sealed = await path.encrypt(nonce, counting(20), counting(5));
      const opens = async (...given: [Uint8Array, Uint8Array, Uint8Array]) => {
        try {
          await path.decrypt(...given);
          return true;
        } catch {
          return false;
        }
      };
      expect(await opens(nonce, sealed, counting(5))).toBe(true);
      for (let at = 0; at < sealed.length; at++) {
        const changed = sealed.slice();
        changed[at]! ^= 1;
        expect(await opens(nonce, changed, counting(5))).toBe(false);
      }
      expect(await opens(nonce, sealed.subarray(0, -1), counting(5))).toBe(false);
      expect(await opens(nonce, sealed.subarray(0, -12), counting(5))).toBe(false);
      expect(await opens(counting(12).reverse(), sealed, counting(5))).toBe(false);
      expect(await opens(nonce, sealed, counting(6))).toBe(false);
      const tag = await path.encrypt(nonce, new Uint8Array(), counting(5));
      expect(await opens(nonce, tag, counting(5))).toBe(true);
      for (let length = 0; length < tag.length; length++) {
        expect(await opens(nonce, tag.subarray(0, length), counting(5))).toBe(false);
      }
    }
  });
});

describe("randomBytes and uuidv7", () => {
  it("return different bytes on each call, in buffers of their own", () => {
    const draws = Array.from({ length: 5000 }, () => randomBytes(12));
    expect(new Set(draws.map(toHex)).size).toBe(5000);
    expect(draws.every(({ buffer }) => buffer.byteLength === 12)).toBe(true);
  });

  it("encode the time in a UUIDv7", () => {
    const id = toHex(uuidv7(1_700_000_000.123));
    expect(id).toMatch(/^018bcfe5687b7[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
    expect(toHex(uuidv7(-5))).toMatch(/^0{12}7/);
    expect(toHex(uuidv7(2 ** 48 / 1000))).toMatch(/^f{12}7/);
    expect(toHex(uuidv7(1e12))).toMatch(/^f{12}7/);
  });

  it("call getRandomValues once for 256 ids", () => {
    const { crypto } = globalThis;
    const draw = vi.fn((bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes));
    vi.stubGlobal("crypto", { getRandomValues: draw });
    while (draw.mock.calls.length === 0) uuidv7(0);
    for (let more = 1; more < 256; more++) uuidv7(0);
    expect(draw).toHaveBeenCalledTimes(1);
    uuidv7(0);
    expect(draw).toHaveBeenCalledTimes(2);
    vi.unstubAllGlobals();
  });
});
