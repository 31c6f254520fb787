import { describe, expect, it } from "vitest";
import { deriveUnchecked } from "../../src/e2e/derive-chat-key.js";
import { ChatKey, decryptMessage, encryptMessage } from "../../src/e2e/index.js";
import { KeyError } from "../../src/index.js";
import { asBuffer, counting, toHex } from "../support/hex.js";
import { hola as content, hasWebCrypto } from "./fixture.js";

const salt = counting(16);

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
