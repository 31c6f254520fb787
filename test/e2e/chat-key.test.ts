import { afterEach, describe, expect, it, vi } from "vitest";
import { deflate } from "#native";
import { deflateInStream } from "../../src/crypto/deflate.js";
import {
  ChatKey,
  decrypt,
  decryptMessage,
  deriveChatKey,
  encrypt,
  encryptMessage,
  generateSalt,
} from "../../src/e2e/index.js";
import { DecryptError, KeyError, LacreError, ValidationError } from "../../src/index.js";
import { asBuffer, counting, toHex } from "../support/hex.js";

const salt = counting(16);
const hasWebCrypto = crypto.subtle !== undefined;
const content = { kind: "text", text: "hola" } as const;
const utf8 = (text: string) => new TextEncoder().encode(text);

describe("a passphrase", () => {
  it("makes the same key for both, however it is composed", async () => {
    const [alice, bob] = await Promise.all([
      deriveChatKey("café con leche", { salt }),
      deriveChatKey("cafe\u0301 con leche", { salt }),
    ]);
    bob.assertCheck(alice.check);
    const message = await encryptMessage(alice, { chat_id: 1, sender_id: 2, content });
    expect(await decryptMessage(bob, message)).toEqual(content);
  });

  it("is composed and no more: a ligature, or a letter of another width, is a letter of its own", async () => {
    const passphrases = ["ﬁn", "fin", "ｆｉｎ"];
    const keys = await Promise.all(passphrases.map((one) => deriveChatKey(one, { salt })));
    expect(new Set(keys.map(({ check }) => toHex(check))).size).toBe(3);
  });

  it("that is wrong is noticed by its check, before anything is decrypted", async () => {
    const key = await deriveChatKey("café con leche", { salt });
    const wrong = await deriveChatKey("cafe con leche", { salt });
    expect(() => wrong.assertCheck(key.check)).toThrow(
      expect.objectContaining({ code: "ERR_WRONG_PASSPHRASE" }),
    );
  });

  it("is checked as it is derived, where the check is known", async () => {
    const { check } = await deriveChatKey("café con leche", { salt });
    await deriveChatKey("café con leche", { salt, check });
    await expect(deriveChatKey("cafe con leche", { salt, check })).rejects.toThrow(
      expect.objectContaining({ code: "ERR_WRONG_PASSPHRASE" }),
    );
    await expect(deriveChatKey("p", { salt, check: counting(15) })).rejects.toThrow(KeyError);
  });

  // Browsers have it on isolated pages alone.
  it.runIf("SharedArrayBuffer" in globalThis)(
    "may come with a salt that is shared, and never shows in an error",
    async () => {
      const shared = new Uint8Array(new SharedArrayBuffer(16));
      shared.set(salt);
      expect((await deriveChatKey("p", { salt: shared })).check).toEqual(
        (await deriveChatKey("p", { salt })).check,
      );
      for (const iterations of ["secret-value", Symbol("s"), { toString: 1 }]) {
        const failure = deriveChatKey("p", { salt, iterations: iterations as never });
        await expect(failure).rejects.toThrow(KeyError);
        await expect(failure).rejects.not.toThrow("secret-value");
      }
    },
  );

  it("makes another key with another salt or other iterations", async () => {
    const checks = await Promise.all([
      deriveChatKey("p", { salt }),
      deriveChatKey("p", { salt: counting(17) }),
      deriveChatKey("p", { salt, iterations: 100_001 }),
    ]);
    expect(new Set(checks.map(({ check }) => toHex(check))).size).toBe(3);
  });

  it.each(["", "\ud800", 7, undefined])("is not %j", async (passphrase) => {
    await expect(deriveChatKey(passphrase as never, { salt })).rejects.toThrow(KeyError);
  });

  it.each([1, 0, -1, 99_999, 2_000_001, 10 ** 9, 100_000.5, Number.NaN, "100000"])(
    "is not derived with %s iterations",
    async (iterations) => {
      await expect(deriveChatKey("p", { salt, iterations: iterations as never })).rejects.toThrow(
        KeyError,
      );
    },
  );

  it.each([0, 15, 65])("is not derived with a salt of %i bytes", async (length) => {
    await expect(deriveChatKey("p", { salt: counting(length) })).rejects.toThrow(KeyError);
  });

  it("is derived with a salt of 16 to 64 bytes, and with 2,000,000 iterations at most", async () => {
    await deriveChatKey("p", { salt: counting(64) });
    await deriveChatKey("p", { salt, iterations: 2_000_000 });
    await expect(deriveChatKey("p", { salt: "0123456789abcdef" as never })).rejects.toThrow(
      KeyError,
    );
  });

  it("has a new salt for each chat", () => {
    const salts = Array.from({ length: 100 }, generateSalt);
    expect(new Set(salts.map(toHex)).size).toBe(100);
    expect(salts.every(({ length }) => length === 16)).toBe(true);
  });
});

describe("a chat key", () => {
  it("is 32 bytes, not all zero", async () => {
    for (const bad of [counting(31), counting(33), new Uint8Array(32), "x".repeat(32), {}, null]) {
      await expect(ChatKey.from(bad as never)).rejects.toThrow(KeyError);
    }
  });

  it("gives its bytes only if it was made extractable", async () => {
    const bytes = counting(32);
    const key = await ChatKey.from(bytes, { extractable: true });
    bytes.fill(9);
    expect(key.export()).toEqual(counting(32));
    key.export().fill(9);
    expect(key.export()).toEqual(counting(32));
    const sealedUp = await ChatKey.from(counting(32));
    expect(() => sealedUp.export()).toThrow(KeyError);
    const derived = await deriveChatKey("p", { salt });
    expect(() => derived.export()).toThrow(KeyError);
  });

  it.runIf(hasWebCrypto)("is the same from a CryptoKey, whose check is given", async () => {
    const original = await ChatKey.from(counting(32));
    const cryptoKey = await crypto.subtle.importKey(
      "raw",
      counting(32) as BufferSource,
      "AES-GCM",
      false,
      ["encrypt", "decrypt"],
    );
    const restored = await ChatKey.from(cryptoKey, { check: original.check });
    restored.assertCheck(original.check);
    expect(restored.cryptoKey).toBe(cryptoKey);
    const message = await encryptMessage(restored, { chat_id: 1, sender_id: 2, content });
    expect(await decryptMessage(original, message)).toEqual(content);
    await expect(ChatKey.from(cryptoKey, undefined as never)).rejects.toThrow(KeyError);
    await expect(ChatKey.from(cryptoKey, { check: counting(15) })).rejects.toThrow(KeyError);
  });

  it.runIf(hasWebCrypto)("is no CryptoKey of another kind", async () => {
    const check = counting(16);
    const raw = (length: number) => counting(length) as BufferSource;
    const others = await Promise.all([
      crypto.subtle.importKey("raw", raw(16), "AES-GCM", false, ["encrypt", "decrypt"]),
      crypto.subtle.importKey("raw", raw(32), "AES-CBC", false, ["encrypt", "decrypt"]),
      crypto.subtle.importKey("raw", raw(32), "AES-GCM", false, ["encrypt"]),
      crypto.subtle.importKey("raw", raw(32), "AES-GCM", false, ["decrypt"]),
      crypto.subtle.importKey("raw", raw(32), "PBKDF2", false, ["deriveBits"]),
    ]);
    for (const other of others)
      await expect(ChatKey.from(other, { check })).rejects.toThrow(KeyError);
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
    const check = asBuffer(key.check);
    const restored = await ChatKey.from(cryptoKey, { check });
    check.fill(0);
    restored.assertCheck(key.check);
  });
});

describe("without WebCrypto, as on an insecure page", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("everything is the same, and each side reads the other", async () => {
    const withIt = await deriveChatKey("café con leche", { salt, extractable: true });
    const sent = await encryptMessage(withIt, { chat_id: 1, sender_id: 2, content });

    const { getRandomValues } = crypto;
    vi.stubGlobal("crypto", { getRandomValues: getRandomValues.bind(crypto) });
    expect(crypto.subtle).toBeUndefined();
    const withoutIt = await deriveChatKey("café con leche", { salt, extractable: true });
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

  it("and without CompressionStream long texts travel uncompressed, but where Node deflates them", async () => {
    vi.stubGlobal("CompressionStream", undefined);
    const key = await ChatKey.from(counting(32));
    const text = "hola ".repeat(1000);
    const message = await encryptMessage(key, {
      chat_id: 1,
      sender_id: 2,
      content: { kind: "text", text },
    });
    expect(message.content.length > 5000).toBe(deflate === deflateInStream);
    vi.unstubAllGlobals();
    expect(await decryptMessage(key, message)).toEqual({ kind: "text", text });
  });
});

describe("bytes that are no message", () => {
  it("come back under the same key and aad only", async () => {
    const key = await ChatKey.from(counting(32));
    const file = counting(200);
    const sealed = await encrypt(key, file, { aad: utf8("photo.jpg") });
    expect(sealed.nonce).toHaveLength(12);
    expect(sealed.content).toHaveLength(216);
    expect(await decrypt(key, sealed, { aad: utf8("photo.jpg") })).toEqual(file);
    const same = new DecryptError();
    await expect(decrypt(key, sealed)).rejects.toStrictEqual(same);
    await expect(decrypt(key, sealed, { aad: utf8("photo.png") })).rejects.toStrictEqual(same);
    await expect(
      decrypt(key, { ...sealed, nonce: counting(11) }, { aad: utf8("photo.jpg") }),
    ).rejects.toStrictEqual(same);
    await expect(decrypt(key, { ...sealed, content: counting(15) })).rejects.toStrictEqual(same);
    await expect(decrypt(key, undefined as never)).rejects.toStrictEqual(same);
    await expect(
      decrypt(await ChatKey.from(counting(32).reverse()), sealed, { aad: utf8("photo.jpg") }),
    ).rejects.toStrictEqual(same);
  });

  it("come back from 12 bytes of nonce only, and from nothing that is not a Uint8Array", async () => {
    const key = await ChatKey.from(counting(32));
    const nonce = utf8("twelve bytes");
    const aead = ChatKey.aeadOf(key);
    const content = await aead.seal(nonce, counting(20), new Uint8Array());
    const other = await aead.seal(counting(13), counting(20), new Uint8Array());
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

  it("may be none, under no aad", async () => {
    const key = await ChatKey.from(counting(32));
    const sealed = await encrypt(key, new Uint8Array());
    expect(await decrypt(key, sealed)).toEqual(new Uint8Array());
  });

  it("are not encrypted under an aad of the library's own, so that none becomes a message", async () => {
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

  it("own the buffer that they come back in", async () => {
    const key = await ChatKey.from(counting(32));
    const sealed = await encrypt(key, counting(20));
    expect(sealed.content.buffer.byteLength).toBe(36);
    expect((await decrypt(key, sealed)).buffer.byteLength).toBe(20);
  });
});
