import { describe, expect, it } from "vitest";
import { aeadOf } from "../../src/e2e/chat-key.js";
import { ChatKey, decrypt, encrypt } from "../../src/e2e/index.js";
import { DecryptError, LacreError, ValidationError } from "../../src/index.js";
import { counting, utf8 } from "../support/hex.js";
import { key } from "./fixture.js";

describe("encrypt and decrypt", () => {
  it("round-trip under the same key and aad only", async () => {
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
    const encrypted = await encrypt(key, new Uint8Array());
    expect(await decrypt(key, encrypted)).toEqual(new Uint8Array());
  });

  it("reject an aad that begins with lacre/", async () => {
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
    const encrypted = await encrypt(key, counting(20));
    expect(encrypted.content.buffer.byteLength).toBe(36);
    expect((await decrypt(key, encrypted)).buffer.byteLength).toBe(20);
  });
});
