import { afterEach, describe, expect, it, vi } from "vitest";
import { deflate } from "#native";
import { deflateInStream } from "../../src/crypto/deflate.js";
import { deriveUnchecked } from "../../src/e2e/derive-chat-key.js";
import { ChatKey, decryptMessage, encryptMessage } from "../../src/e2e/index.js";
import { DecryptError } from "../../src/index.js";
import { counting } from "../support/hex.js";
import { hola as content } from "./fixture.js";

const salt = counting(16);

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
