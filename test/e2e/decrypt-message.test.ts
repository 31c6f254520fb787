import { describe, expect, it } from "vitest";
import { deflate } from "#native";
import { encodeContent } from "../../src/e2e/content.js";
import {
  ChatKey,
  decryptMessage,
  type EncryptMessageOptions,
  encryptMessage,
} from "../../src/e2e/index.js";
import { pad } from "../../src/e2e/padding.js";
import { ValidationError } from "../../src/index.js";
import { CLIENT_ID } from "../support/examples.js";
import { counting, hex } from "../support/hex.js";
import { memoryInUse } from "../support/memory.js";
import {
  encodeBody,
  encryptBody,
  encryptPlaintext,
  encryptText,
  expectDecryptError,
  header,
  hola,
  key,
  NIL,
} from "./fixture.js";

describe("decryptMessage rejects a message", () => {
  it("with another chat, sender, time or client id", async () => {
    const message = await encryptText("hola");
    const { client_id: _, ...anonymous } = message;
    await expectDecryptError({ ...message, chat_id: 43 });
    await expectDecryptError({ ...message, sender_id: 8 });
    await expectDecryptError({ ...message, timestamp: message.timestamp + 0.001 });
    await expectDecryptError({ ...message, client_id: CLIENT_ID.replace("018b", "018c") });
    await expectDecryptError({ ...message, client_id: NIL });
    await expectDecryptError(anonymous);
    expect(await decryptMessage(key, { ...message, message_id: 5, seq: 9 })).toEqual(hola);
  });

  it("of another key", async () => {
    await expectDecryptError(await encryptText("hola"), await ChatKey.from(counting(32).reverse()));
  });

  it("with any byte of its content or nonce changed", async () => {
    const message = await encryptText("hola");
    for (const field of ["content", "nonce"] as const) {
      for (let at = 0; at < message[field].length; at++) {
        const changed = message[field].slice();
        changed[at]! ^= 1;
        await expectDecryptError({ ...message, [field]: changed });
      }
    }
  });

  it("with a content or a nonce of another length", async () => {
    const message = await encryptText("hola");
    for (const length of [0, 11, 13, 16])
      await expectDecryptError({ ...message, nonce: new Uint8Array(length) });
    for (const length of [0, 1, 15, 16, 143])
      await expectDecryptError({ ...message, content: message.content.slice(0, length) });
  });

  it("of another version", async () => {
    const message = await encryptText("hola");
    await expectDecryptError({ ...message, epoch: 0 });
    await expectDecryptError({ ...message, counter: 0 });
    await expectDecryptError({ ...message, device: "" });
  });

  it("that is not a message, with a DecryptError", async () => {
    const notNumber = { toString: 1, valueOf: 1 };
    for (const timestamp of [notNumber, 1n, Symbol("s"), null, "1", 100_000_000_001]) {
      await expectDecryptError({ ...(await encryptText("hola")), timestamp } as never);
      await expect(encryptText("hola", { timestamp })).rejects.toThrow(ValidationError);
    }
    for (const garbage of [
      undefined,
      null,
      {},
      { ...header },
      { ...header, nonce: "AAAA", content: "AAAA" },
      42,
      "x",
    ]) {
      await expectDecryptError(garbage as never);
    }
  });
});

describe("decryptMessage rejects a plaintext with", () => {
  const good = () => pad({ isCompressed: false, body: encodeContent(hola) });
  const changed = (change: (plaintext: Uint8Array) => void) => {
    const plaintext = good();
    change(plaintext);
    return encryptPlaintext(plaintext);
  };

  it("(control: it accepts the valid plaintexts of these tests)", async () => {
    expect(await decryptMessage(key, await encryptPlaintext(good()))).toEqual(hola);
    const long = encodeContent({ kind: "text", text: "x".repeat(9000) });
    const deflated = (await deflate(long))!;
    expect(await decryptMessage(key, await encryptBody(deflated, true))).toMatchObject({
      kind: "text",
    });
  });

  it.each([0x02, 0x03, 0x80, 0xff])("flags %i", async (flags) => {
    await expectDecryptError(
      await changed((plaintext) => {
        plaintext[0] = flags;
      }),
    );
  });

  it("padding that is not zero", async () => {
    await expectDecryptError(
      await changed((plaintext) => {
        plaintext[127] = 1;
      }),
    );
    await expectDecryptError(
      await changed((plaintext) => {
        plaintext[5 + 21] = 1;
      }),
    );
  });

  it("a length that padding does not produce", async () => {
    await expectDecryptError(await encryptPlaintext(good().subarray(0, 127)));
    await expectDecryptError(await encryptPlaintext(Uint8Array.of(...good(), 0)));
    await expectDecryptError(
      await encryptPlaintext(Uint8Array.of(...good(), ...new Uint8Array(16))),
    );
    await expectDecryptError(await encryptPlaintext(new Uint8Array(4)));
    await expectDecryptError(await encryptPlaintext(new Uint8Array(0)));
  });

  it("a body that is longer than the plaintext", async () => {
    await expectDecryptError(
      await changed((plaintext) => {
        plaintext[4] = 124;
      }),
    );
    await expectDecryptError(
      await changed((plaintext) => {
        plaintext[1] = 0xff;
      }),
    );
  });

  it.each([
    ["no bytes", new Uint8Array()],
    ["no map in it", hex("90")],
    ["bytes", hex("c400")],
    ["nil", hex("c0")],
    ["no kind", encodeBody({ text: "hola" })],
    ["a kind that is not text", encodeBody({ kind: 1, text: "hola" })],
    ["a text that is not text", encodeBody({ kind: "text", text: 1 })],
    ["no text", encodeBody({ kind: "text" })],
    [
      "a reply_to that is not a client id",
      encodeBody({ kind: "text", text: "hola", reply_to: "x" }),
    ],
    ["a reply to the nil UUID", encodeBody({ kind: "text", text: "hola", reply_to: NIL })],
    ["a number", hex("07")],
    ["text", hex("a468 6f6c61")],
    ["bytes after its end", Uint8Array.of(...encodeContent(hola), 0xc0)],
    ["duplicate keys", hex("82 a46b696e64 a474657874 a46b696e64 a474657874")],
    ["an extension type", hex("81 a46b696e64 d40000")],
  ])("a body with %s", async (_, given) => expectDecryptError(await encryptBody(given)));

  it("a compressed body that is malformed, truncated, extended or empty", async () => {
    const deflated = (await deflate(encodeContent({ kind: "text", text: "x".repeat(9000) })))!;
    await expectDecryptError(await encryptBody(deflated.subarray(0, -1), true));
    await expectDecryptError(await encryptBody(Uint8Array.of(...deflated, 0), true));
    await expectDecryptError(await encryptBody(Uint8Array.of(...deflated, ...deflated), true));
    await expectDecryptError(await encryptBody(new Uint8Array(), true));
    await expectDecryptError(await encryptBody(hex("ffffffff"), true));
    await expectDecryptError(await encryptBody(encodeContent(hola), true));
  });

  it("an uncompressed body past 1 MiB", async () => {
    const long = encodeContent({ kind: "text", text: "x".repeat(1_048_576) });
    await expectDecryptError(await encryptBody(long), key, { maxBodyBytes: 1_048_576 });
    await expectDecryptError(await encryptBody(long), key, { maxBodyBytes: 9e9 });
  });

  it("a body past 128 KiB, unless maxBodyBytes allows it", async () => {
    const overhead = encodeContent({ kind: "text", text: "x".repeat(70_000) }).length - 70_000;
    const text = "x".repeat(131_072 - overhead);
    const encrypted = (text: string, options?: EncryptMessageOptions) =>
      encryptMessage(key, { ...header, content: { kind: "text", text } }, options);
    for (const compress of [false, true]) {
      const fits = await encrypted(text, { compress });
      expect(await decryptMessage(key, fits)).toEqual({ kind: "text", text });
      await expect(encrypted(`${text}x`, { compress })).rejects.toThrow(
        "content: has more than 131072 bytes",
      );
      const longer = await encrypted(`${text}x`, { compress, maxBodyBytes: 131_073 });
      await expectDecryptError(longer);
      await expect(decryptMessage(key, longer, { maxBodyBytes: Number.NaN })).rejects.toThrow(
        "argument: options.maxBodyBytes: must be a number of at least 0",
      );
      expect(await decryptMessage(key, longer, { maxBodyBytes: 131_073 })).toEqual({
        kind: "text",
        text: `${text}x`,
      });
    }
  });

  it("a deflated body past 128 KiB, even if it inflates to less", async () => {
    const deflated = (await deflate(encodeContent(hola)))!;
    const emptyBlocks = Array(26_250).fill([0, 0, 0, 0xff, 0xff]).flat();
    const stored = Uint8Array.from([...emptyBlocks, ...deflated]);
    const message = await encryptBody(stored, true);
    await expectDecryptError(message);
    expect(await decryptMessage(key, message, { maxBodyBytes: 140_000 })).toEqual(hola);
  });

  it("a compressed body that inflates past the limit, but not one that fits", async () => {
    const overhead = encodeContent({ kind: "text", text: "x".repeat(70_000) }).length - 70_000;
    const fits = encodeContent({ kind: "text", text: "x".repeat(1_048_576 - overhead) });
    expect(fits).toHaveLength(1_048_576);
    const most = { maxBodyBytes: 1_048_576 };
    const encrypted = await encryptBody((await deflate(fits))!, true);
    expect(await decryptMessage(key, encrypted, most)).toMatchObject({ kind: "text" });
    const bomb = encodeContent({ kind: "text", text: "x".repeat(1_048_577 - overhead) });
    await expectDecryptError(await encryptBody((await deflate(bomb))!, true), key, most);
    const text = "x".repeat(1_048_576 - overhead);
    const compressed = (text: string) =>
      encryptMessage(
        key,
        { ...header, content: { kind: "text", text } },
        { compress: true, ...most },
      );
    expect(await decryptMessage(key, await compressed(text), most)).toEqual({ kind: "text", text });
    await expect(compressed(`${text}x`)).rejects.toThrow(ValidationError);
  });

  it("a decompression bomb, without allocating its output", async () => {
    const bomb = (await deflate(new Uint8Array(100_000_000)))!;
    const message = await encryptBody(bomb, true);
    const before = memoryInUse();
    await expectDecryptError(message);
    expect(memoryInUse() - before).toBeLessThan(20e6);
  });
});

describe("a content of an unknown kind", () => {
  it("is returned as unknown, with its fallback text", async () => {
    const poll = await encryptBody(
      encodeBody({ kind: "poll", fallback: "[encuesta]", options: ["sí"] }),
    );
    expect(await decryptMessage(key, poll)).toEqual({ kind: "unknown", fallback: "[encuesta]" });
    expect(
      await decryptMessage(key, await encryptBody(encodeBody({ kind: "hologram", fallback: 5 }))),
    ).toEqual({
      kind: "unknown",
      fallback: "",
    });
  });

  it("does not affect texts of newer clients", async () => {
    const newer = await encryptBody(
      encodeBody({ kind: "text", text: "hola", reply_to: null, mood: "calm" }),
    );
    expect(await decryptMessage(key, newer)).toEqual(hola);
  });
});
