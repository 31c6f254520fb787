import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { pbkdf2Sha256 } from "../../src/crypto/pbkdf2.js";
import { deriveUnchecked } from "../../src/e2e/derive-chat-key.js";
import {
  ChatKey,
  createChatKey,
  decryptMessage,
  deriveChatKey,
  encryptMessage,
  LEGACY_ITERATIONS,
  preparePassphrase,
} from "../../src/e2e/index.js";
import { KeyError } from "../../src/index.js";
import { counting, toHex, utf8 } from "../support/hex.js";
import { hola as content, hasWebCrypto } from "./fixture.js";

const salt = counting(16);

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
    await deriveChatKey("café con leche", { salt, iterations: LEGACY_ITERATIONS, check });
    await expect(
      deriveChatKey("cafe con leche", { salt, iterations: LEGACY_ITERATIONS, check }),
    ).rejects.toThrow(expect.objectContaining({ code: "ERR_WRONG_PASSPHRASE" }));
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
    const options = { salt, iterations: 100_000, check, extractable: true };
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
    await deriveChatKey(" \n", { salt, iterations: LEGACY_ITERATIONS, check });
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
    "accepts a salt in shared memory, and errors contain no argument",
    async () => {
      const shared = new Uint8Array(new SharedArrayBuffer(16));
      shared.set(salt);
      expect((await deriveUnchecked("p", { salt: shared })).check).toEqual(
        (await deriveUnchecked("p", { salt })).check,
      );
      for (const iterations of ["secret-value", Symbol("s"), { toString: 1 }]) {
        const derivation = deriveUnchecked("p", { salt, iterations: iterations as never });
        await expect(derivation).rejects.toThrow(KeyError);
        await expect(derivation).rejects.not.toThrow("secret-value");
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

  it("has the number of iterations of version 1 clients by name", () => {
    expect(LEGACY_ITERATIONS).toBe(100_000);
  });

  // In JavaScript it would take ten seconds.
  it.runIf(hasWebCrypto)("uses 600,000 iterations by default", async () => {
    const { key_check: check, ...created } = await createChatKey("p");
    await expect(deriveChatKey("p", { salt: created.salt, check })).resolves.toBeInstanceOf(
      ChatKey,
    );
  });

  it("derives no key without the chat's check", async () => {
    for (const check of [undefined, null, "check", counting(15), counting(17)]) {
      await expect(deriveChatKey("p", { salt, check } as never)).rejects.toMatchObject({
        code: "ERR_KEY",
      });
    }
  });
});

describe("createChatKey", () => {
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
