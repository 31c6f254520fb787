import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { deflate } from "#native";
import { deflateInStream } from "../../src/crypto/deflate.js";
import { pbkdf2Sha256 } from "../../src/crypto/pbkdf2.js";
import { aeadOf } from "../../src/e2e/chat-key.js";
import { deriveUnchecked } from "../../src/e2e/derive-chat-key.js";
import {
  ChatKey,
  createChatKey,
  decrypt,
  decryptMessage,
  deriveChatKey,
  encrypt,
  encryptMessage,
  preparePassphrase,
} from "../../src/e2e/index.js";
import { DecryptError, KeyError, LacreError, ValidationError } from "../../src/index.js";
import { asBuffer, counting, toHex, utf8 } from "../support/hex.js";

const salt = counting(16);
const hasWebCrypto = crypto.subtle !== undefined;
const content = { kind: "text", text: "hola" } as const;
describe("a passphrase", () => {
  it("derives the same key, composed or decomposed", async () => {
    const [alice, bob] = await Promise.all([
      deriveUnchecked("café con leche", { salt }),
      deriveUnchecked("cafe\u0301 con leche", { salt }),
    ]);
    bob.assertCheck(alice.check);
    const message = await encryptMessage(alice, { chat_id: 1, sender_id: 2, content });
    expect(await decryptMessage(bob, message)).toEqual(content);
  });

  it("is normalised by NFC, which keeps ligatures and width variants", async () => {
    const passphrases = ["ﬁn", "fin", "ｆｉｎ"];
    const keys = await Promise.all(passphrases.map((one) => deriveUnchecked(one, { salt })));
    expect(new Set(keys.map(({ check }) => toHex(check))).size).toBe(3);
  });

  it("that is wrong is rejected by the check", async () => {
    const key = await deriveUnchecked("café con leche", { salt });
    const wrong = await deriveUnchecked("cafe con leche", { salt });
    expect(() => wrong.assertCheck(key.check)).toThrow(
      expect.objectContaining({ code: "ERR_WRONG_PASSPHRASE" }),
    );
  });

  it("is checked by deriveChatKey", async () => {
    const { check } = await deriveUnchecked("café con leche", { salt });
    await deriveChatKey("café con leche", { salt, check });
    await expect(deriveChatKey("cafe con leche", { salt, check })).rejects.toThrow(
      expect.objectContaining({ code: "ERR_WRONG_PASSPHRASE" }),
    );
    await expect(deriveChatKey("p", { salt, check: counting(15) })).rejects.toThrow(KeyError);
  });

  it("loses white space at its ends only", async () => {
    const { check } = await deriveUnchecked("café con  leche", { salt });
    for (const around of [" ", "\n", "\r\n", "\t \u00a0\u3000", "\u0085\u2028\u2029"]) {
      const key = await deriveUnchecked(`${around}café con  leche${around}`, { salt });
      expect(toHex(key.check)).toBe(toHex(check));
    }
    const inside = await deriveUnchecked("café con leche", { salt });
    expect(toHex(inside.check)).not.toBe(toHex(check));
  });

  it("derives the key of an earlier version with the white space around it", async () => {
    const raw = await pbkdf2Sha256(utf8(" café con leche\n"), counting(16), 100_000);
    const { check } = await ChatKey.from(raw);
    const options = { salt, check, extractable: true };
    const key = await deriveChatKey(" cafe\u0301 con leche\n", options);
    expect(key.export()).toEqual(raw);
    for (const other of ["café con leche", " café con leche", "café con leche\n"]) {
      await expect(deriveChatKey(other, options)).rejects.toMatchObject({
        code: "ERR_WRONG_PASSPHRASE",
      });
    }
  });

  it("can be white space alone only for a chat of an earlier version", async () => {
    await expect(deriveUnchecked(" \n", { salt })).rejects.toMatchObject({ code: "ERR_KEY" });
    const { check } = await ChatKey.from(await pbkdf2Sha256(utf8(" \n"), counting(16), 100_000));
    await deriveChatKey(" \n", { salt, check });
  });

  it("does not change when it is prepared again", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(..."ae\u0301 \u00a0\n\u0085\ufeff") }),
        (text) => {
          const prepared = preparePassphrase(text);
          expect(preparePassphrase(prepared)).toBe(prepared);
          expect(preparePassphrase(`\t${text.normalize("NFD")}\u2003`)).toBe(prepared);
          expect(prepared).not.toMatch(/^\p{White_Space}|\p{White_Space}$/u);
        },
      ),
    );
    expect(preparePassphrase(`a${" ".repeat(1_000_000)}b`)).toHaveLength(1_000_002);
  });

  // Browsers have SharedArrayBuffer on cross-origin isolated pages only.
  it.runIf("SharedArrayBuffer" in globalThis)(
    "accepts a salt in shared memory, and does not appear in errors",
    async () => {
      const shared = new Uint8Array(new SharedArrayBuffer(16));
      shared.set(salt);
      expect((await deriveUnchecked("p", { salt: shared })).check).toEqual(
        (await deriveUnchecked("p", { salt })).check,
      );
      for (const iterations of ["secret-value", Symbol("s"), { toString: 1 }]) {
        const failure = deriveUnchecked("p", { salt, iterations: iterations as never });
        await expect(failure).rejects.toThrow(KeyError);
        await expect(failure).rejects.not.toThrow("secret-value");
      }
    },
  );

  it("derives different keys with different salts and iterations", async () => {
    const checks = await Promise.all([
      deriveUnchecked("p", { salt }),
      deriveUnchecked("p", { salt: counting(17) }),
      deriveUnchecked("p", { salt, iterations: 100_001 }),
    ]);
    expect(new Set(checks.map(({ check }) => toHex(check))).size).toBe(3);
  });

  it.each(["", "\ud800", 7, undefined])("rejects %j", async (passphrase) => {
    await expect(deriveUnchecked(passphrase as never, { salt })).rejects.toThrow(KeyError);
  });

  it.each([1, 0, -1, 99_999, 2_000_001, 10 ** 9, 100_000.5, Number.NaN, "100000"])(
    "rejects %s iterations",
    async (iterations) => {
      await expect(deriveUnchecked("p", { salt, iterations: iterations as never })).rejects.toThrow(
        KeyError,
      );
    },
  );

  it.each([0, 15, 65])("rejects a salt of %i bytes", async (length) => {
    await expect(deriveUnchecked("p", { salt: counting(length) })).rejects.toThrow(KeyError);
  });

  it("accepts a salt of 16 to 64 bytes, and up to 2,000,000 iterations", async () => {
    await deriveUnchecked("p", { salt: counting(64) });
    await deriveUnchecked("p", { salt, iterations: 2_000_000 });
    await expect(deriveUnchecked("p", { salt: "0123456789abcdef" as never })).rejects.toThrow(
      KeyError,
    );
  });

  it("creates a key with a new salt, and the parameters for the other member", async () => {
    const created = await createChatKey(" café con leche\n", { iterations: 100_000 });
    const { key, salt, iterations, key_check: check } = created;
    expect([salt.length, iterations, check]).toEqual([16, 100_000, key.check]);
    const derived = await deriveChatKey("café con leche", { salt, iterations, check });
    derived.assertCheck(key.check);
    const another = await createChatKey("café con leche", { iterations: 100_000 });
    expect(toHex(another.salt)).not.toBe(toHex(salt));
    expect(toHex(another.key_check)).not.toBe(toHex(check));
    expect(() => key.export()).toThrow(KeyError);
  });

  it("creates a key with 600,000 iterations, extractable on request", async () => {
    const { key, ...others } = await createChatKey("p", { extractable: true });
    expect(others.iterations).toBe(600_000);
    const expected = await pbkdf2Sha256(utf8("p"), others.salt, 600_000);
    expect(toHex(key.export())).toBe(toHex(expected));
  });

  it("creates no key from an empty passphrase or with invalid iterations", async () => {
    for (const passphrase of ["", " \n", "\ud800", 7]) {
      await expect(createChatKey(passphrase as never)).rejects.toThrow(KeyError);
    }
    for (const iterations of [99_999, 2_000_001]) {
      await expect(createChatKey("p", { iterations })).rejects.toThrow(KeyError);
    }
  });

  it("derives no key without the chat's check", async () => {
    for (const check of [undefined, null, "check", counting(15), counting(17)]) {
      await expect(deriveChatKey("p", { salt, check } as never)).rejects.toMatchObject({
        code: "ERR_KEY",
      });
    }
  });
});

describe("ChatKey", () => {
  it("requires 32 bytes that are not all zero", async () => {
    for (const bad of [counting(31), counting(33), new Uint8Array(32), "x".repeat(32), {}, null]) {
      await expect(ChatKey.from(bad as never)).rejects.toThrow(KeyError);
    }
  });

  it("exports its bytes only if it is extractable", async () => {
    const bytes = counting(32);
    const key = await ChatKey.from(bytes, { extractable: true });
    bytes.fill(9);
    expect(key.export()).toEqual(counting(32));
    key.export().fill(9);
    expect(key.export()).toEqual(counting(32));
    const notExtractable = await ChatKey.from(counting(32));
    expect(() => notExtractable.export()).toThrow(KeyError);
    const derived = await deriveUnchecked("p", { salt });
    expect(() => derived.export()).toThrow(KeyError);
  });

  it.runIf(hasWebCrypto)("is equal from a CryptoKey and its encrypted check", async () => {
    const original = await ChatKey.from(counting(32));
    const cryptoKey = await crypto.subtle.importKey(
      "raw",
      counting(32) as BufferSource,
      "AES-GCM",
      false,
      ["encrypt", "decrypt"],
    );
    const encryptedCheck = await original.encryptCheck();
    const restored = await ChatKey.from(cryptoKey, { encryptedCheck });
    restored.assertCheck(original.check);
    expect(restored.cryptoKey).toBe(cryptoKey);
    const message = await encryptMessage(restored, { chat_id: 1, sender_id: 2, content });
    expect(await decryptMessage(original, message)).toEqual(content);
    for (const bad of [
      undefined,
      {},
      { check: original.check },
      { encryptedCheck: counting(43) },
    ]) {
      await expect(ChatKey.from(cryptoKey, bad as never)).rejects.toThrow(KeyError);
    }
  });

  it.runIf(hasWebCrypto)("rejects the encrypted check of another key", async () => {
    const [own, other] = [
      await ChatKey.from(counting(32)),
      await ChatKey.from(counting(33).slice(1)),
    ];
    const raw = counting(32) as BufferSource;
    const usages: KeyUsage[] = ["encrypt", "decrypt"];
    const cryptoKey = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, usages);
    const encryptedCheck = await own.encryptCheck();
    const changed = Array.from(encryptedCheck, (_, at) =>
      encryptedCheck.map((byte, index) => (index === at ? byte ^ 1 : byte)),
    );
    for (const foreign of [await other.encryptCheck(), ...changed]) {
      const made = ChatKey.from(cryptoKey, { encryptedCheck: foreign });
      await expect(made).rejects.toMatchObject({ code: "ERR_WRONG_PASSPHRASE" });
    }
    expect(toHex(await own.encryptCheck())).not.toBe(toHex(encryptedCheck));
  });

  it.runIf(hasWebCrypto)("rejects a CryptoKey of another kind", async () => {
    const encryptedCheck = await (await ChatKey.from(counting(32))).encryptCheck();
    const raw = (length: number) => counting(length) as BufferSource;
    const others = await Promise.all([
      crypto.subtle.importKey("raw", raw(16), "AES-GCM", false, ["encrypt", "decrypt"]),
      crypto.subtle.importKey("raw", raw(32), "AES-CBC", false, ["encrypt", "decrypt"]),
      crypto.subtle.importKey("raw", raw(32), "AES-GCM", false, ["encrypt"]),
      crypto.subtle.importKey("raw", raw(32), "AES-GCM", false, ["decrypt"]),
      crypto.subtle.importKey("raw", raw(32), "PBKDF2", false, ["deriveBits"]),
    ]);
    for (const other of others)
      await expect(ChatKey.from(other, { encryptedCheck })).rejects.toThrow(KeyError);
  });

  it.runIf(hasWebCrypto)("compares checks of 16 bytes only", async () => {
    const key = await ChatKey.from(counting(32));
    for (const bad of [new Uint8Array(), key.check.subarray(0, 15), "check", undefined]) {
      expect(() => key.assertCheck(bad as never)).toThrow(KeyError);
    }
    const known = key.check.slice();
    key.check.fill(0);
    key.assertCheck(known);
    const cryptoKey = await crypto.subtle.importKey(
      "raw",
      counting(32) as BufferSource,
      "AES-GCM",
      false,
      ["encrypt", "decrypt"],
    );
    const encryptedCheck = asBuffer(await key.encryptCheck());
    const restoring = ChatKey.from(cryptoKey, { encryptedCheck });
    encryptedCheck.fill(0);
    (await restoring).assertCheck(key.check);
  });
});

describe("without WebCrypto, as on a page without HTTPS,", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("keys and ciphertexts are compatible with WebCrypto", async () => {
    const withIt = await deriveUnchecked("café con leche", { salt, extractable: true });
    const sent = await encryptMessage(withIt, { chat_id: 1, sender_id: 2, content });

    const { getRandomValues } = crypto;
    vi.stubGlobal("crypto", { getRandomValues: getRandomValues.bind(crypto) });
    expect(crypto.subtle).toBeUndefined();
    const withoutIt = await deriveUnchecked("café con leche", { salt, extractable: true });
    expect(withoutIt.export()).toEqual(withIt.export());
    expect(await decryptMessage(withoutIt, sent)).toEqual(content);
    const answer = await encryptMessage(withoutIt, { chat_id: 1, sender_id: 3, content });
    const tampered = {
      ...answer,
      content: answer.content.map((byte, at) => (at === 3 ? byte ^ 1 : byte)),
    };
    await expect(decryptMessage(withoutIt, tampered)).rejects.toStrictEqual(new DecryptError());

    vi.unstubAllGlobals();
    expect(await decryptMessage(withIt, answer)).toEqual(content);
  });

  it("and without CompressionStream long texts are not compressed, except in Node", async () => {
    vi.stubGlobal("CompressionStream", undefined);
    const key = await ChatKey.from(counting(32));
    const text = "hola ".repeat(1000);
    const message = await encryptMessage(
      key,
      { chat_id: 1, sender_id: 2, content: { kind: "text", text } },
      { compress: true },
    );
    expect(message.content.length > 5000).toBe(deflate === deflateInStream);
    vi.unstubAllGlobals();
    expect(await decryptMessage(key, message)).toEqual({ kind: "text", text });
  });
});

describe("encrypt and decrypt", () => {
  it("round-trip under the same key and aad only", async () => {
    const key = await ChatKey.from(counting(32));
    const file = counting(200);
    const encrypted = await encrypt(key, file, { aad: utf8("photo.jpg") });
    expect(encrypted.nonce).toHaveLength(12);
    expect(encrypted.content).toHaveLength(216);
    expect(await decrypt(key, encrypted, { aad: utf8("photo.jpg") })).toEqual(file);
    const same = new DecryptError();
    await expect(decrypt(key, encrypted)).rejects.toStrictEqual(same);
    await expect(decrypt(key, encrypted, { aad: utf8("photo.png") })).rejects.toStrictEqual(same);
    await expect(
      decrypt(key, { ...encrypted, nonce: counting(11) }, { aad: utf8("photo.jpg") }),
    ).rejects.toStrictEqual(same);
    await expect(decrypt(key, { ...encrypted, content: counting(15) })).rejects.toStrictEqual(same);
    await expect(decrypt(key, undefined as never)).rejects.toStrictEqual(same);
    await expect(
      decrypt(await ChatKey.from(counting(32).reverse()), encrypted, { aad: utf8("photo.jpg") }),
    ).rejects.toStrictEqual(same);
  });

  it("require a nonce of 12 bytes, and Uint8Arrays", async () => {
    const key = await ChatKey.from(counting(32));
    const nonce = utf8("twelve bytes");
    const aead = aeadOf(key);
    const content = await aead.encrypt(nonce, counting(20), new Uint8Array());
    const other = await aead.encrypt(counting(13), counting(20), new Uint8Array());
    expect(await decrypt(key, { nonce, content })).toEqual(counting(20));
    for (const given of [
      { nonce: "twelve bytes", content },
      { nonce: Int8Array.from(nonce), content },
      { nonce, content: Int8Array.from(content) },
      { nonce: counting(13), content: other },
    ]) {
      await expect(decrypt(key, given as never)).rejects.toStrictEqual(new DecryptError());
    }
  });

  it("accept no bytes and no aad", async () => {
    const key = await ChatKey.from(counting(32));
    const encrypted = await encrypt(key, new Uint8Array());
    expect(await decrypt(key, encrypted)).toEqual(new Uint8Array());
  });

  it("reject an aad that begins with lacre/", async () => {
    const key = await ChatKey.from(counting(32));
    for (const aad of ["lacre/", "lacre/e2e/1", "lacre/x"]) {
      await expect(encrypt(key, counting(3), { aad: utf8(aad) })).rejects.toThrow(ValidationError);
      await expect(
        decrypt(key, { nonce: counting(12), content: counting(99) }, { aad: utf8(aad) }),
      ).rejects.toThrow(ValidationError);
    }
    await encrypt(key, counting(3), { aad: utf8("lacre") });
    await expect(encrypt(key, "text" as never)).rejects.toThrow(LacreError);
    await expect(encrypt(key, counting(3), { aad: "text" as never })).rejects.toThrow(LacreError);
  });

  it("return arrays that own their buffers", async () => {
    const key = await ChatKey.from(counting(32));
    const encrypted = await encrypt(key, counting(20));
    expect(encrypted.content.buffer.byteLength).toBe(36);
    expect((await decrypt(key, encrypted)).buffer.byteLength).toBe(20);
  });
});

describe.runIf(hasWebCrypto)("the buffers of a derivation", () => {
  afterEach(() => void vi.restoreAllMocks());

  it("are overwritten: the passphrase, the PBKDF2 output and the raw key", async () => {
    const secrets: Uint8Array[] = [];
    const { subtle } = crypto;
    const importKey = subtle.importKey.bind(subtle) as (...args: unknown[]) => Promise<CryptoKey>;
    const deriveBits = subtle.deriveBits.bind(subtle);
    vi.spyOn(subtle, "importKey").mockImplementation((...args: unknown[]) => {
      secrets.push(args[1] as Uint8Array);
      return importKey(...args);
    });
    vi.spyOn(subtle, "deriveBits").mockImplementation(async (...args) => {
      const bits = await deriveBits(...args);
      secrets.push(new Uint8Array(bits));
      return bits;
    });
    const { key } = await createChatKey("café con leche", {
      iterations: 100_000,
      extractable: true,
    });
    expect(secrets.length).toBeGreaterThanOrEqual(2);
    for (const secret of secrets) expect(secret).toEqual(new Uint8Array(secret.length));
    expect(key.export().some((byte) => byte !== 0)).toBe(true);
  });
});
