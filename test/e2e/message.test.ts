import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { deflate } from "#native";
import { encodeContent } from "../../src/e2e/content.js";
import { decryptBytes, encryptBytes } from "../../src/e2e/encrypt.js";
import {
  type BodyOptions,
  ChatKey,
  decryptMessage,
  type EncryptMessageOptions,
  encryptMessage,
} from "../../src/e2e/index.js";
import { pad, paddedLength, unpad } from "../../src/e2e/padding.js";
import {
  ChatMessage,
  DecryptError,
  LacreError,
  MessageProtocol,
  SigningKey,
  ValidationError,
} from "../../src/index.js";
import { written } from "../../src/wire/encode.js";
import { CLIENT_ID, NOW, noise, wires } from "../support/examples.js";
import { counting, hex } from "../support/hex.js";
import { memoryInUse } from "../support/memory.js";
import { runs } from "../support/runs.js";

let key: ChatKey;
beforeAll(async () => {
  key = await ChatKey.from(counting(32));
});

const NIL = "00000000-0000-0000-0000-000000000000";
const hola = { kind: "text", text: "hola" } as const;
const header = { chat_id: 42, sender_id: 7, timestamp: NOW + 0.123, client_id: CLIENT_ID };
const encryptText = (text: string, fields = {}) =>
  encryptMessage(key, { ...header, content: { kind: "text", text }, ...fields });

const aad = hex(
  "6c616372652f6532652f31 000000000000002a 0000000000000007 0000018bcfe5687b 018bcfe5687b7abc8def0123456789ab",
);
/** Encrypts any plaintext as a message, also one that no client produces. */
async function encryptPlaintext(plaintext: Uint8Array): Promise<ChatMessage> {
  return { ...header, ...(await encryptBytes(key, plaintext, aad)) };
}
const decryptBody = async (message: ChatMessage) => unpad(await decryptBytes(key, message, aad));
const encryptBody = (body: Uint8Array, isCompressed = false) =>
  encryptPlaintext(pad({ isCompressed, body }));
const body = (map: Record<string, unknown>) => written((writer) => writer.payload(map, "bin"));
const opaque = async (message: ChatMessage, under = key, options?: BodyOptions) => {
  await expect(decryptMessage(under, message, options)).rejects.toStrictEqual(new DecryptError());
};

describe("encryptMessage and decryptMessage round-trip a text", () => {
  it.each(wires)("over wire %i", async (wire) => {
    const signing = SigningKey.from("a secret of alice and the server");
    const sent = await encryptMessage(key, { ...header, content: hola });
    const frame = ChatMessage.toProtocol(sent, signing, { wire }).toBytes();
    const received = ChatMessage.fromProtocol(MessageProtocol.open(frame, { key: signing }));
    expect(await decryptMessage(key, received)).toEqual(hola);
  });

  it("for any text", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: "binary", maxLength: 2000, size: "max" }),
        async (text) => {
          expect(await decryptMessage(key, await encryptText(text))).toEqual({
            kind: "text",
            text,
          });
        },
      ),
      { numRuns: runs(500) },
    );
  });

  it.each([
    "",
    "\0",
    "\ufeffhola",
    "ñ".repeat(40_000),
    "x".repeat(131_000),
    "<script>",
    "👩‍👩‍👧‍👦",
  ])("%.20j", async (text) => {
    expect(await decryptMessage(key, await encryptText(text))).toEqual({ kind: "text", text });
  });

  it("with the client id of the answered message", async () => {
    const content = { ...hola, reply_to: CLIENT_ID };
    const message = await encryptMessage(key, { ...header, content });
    expect(await decryptMessage(key, message)).toEqual(content);
    const zeros = { ...hola, reply_to: "018bcfe5-0000-7000-8000-000000000000" };
    const another = await encryptMessage(key, { ...header, content: zeros });
    expect(await decryptMessage(key, another)).toEqual(zeros);
  });

  it("without a client id, with the current time", async () => {
    const before = Math.floor(Date.now());
    const message = await encryptMessage(key, { chat_id: 1, sender_id: 2, content: hola });
    expect(message.timestamp * 1000).toBeGreaterThanOrEqual(before);
    expect("client_id" in message).toBe(false);
    expect(await decryptMessage(key, message)).toEqual(hola);
  });

  it("with a time rounded to milliseconds", async () => {
    expect((await encryptText("", { timestamp: 1.0004 })).timestamp).toBe(1);
    expect((await encryptText("", { timestamp: 1.0005 })).timestamp).toBe(1.001);
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 0, max: 4e9, noNaN: true }), async (timestamp) => {
        const message = await encryptText("hola", { timestamp });
        const throughJson = JSON.parse(JSON.stringify(message.timestamp));
        expect(await decryptMessage(key, { ...message, timestamp: throughJson })).toEqual(hola);
      }),
      { numRuns: runs(500) },
    );
  });

  it("with a new nonce each time", async () => {
    const messages = await Promise.all(Array.from({ length: 1000 }, () => encryptText("hola")));
    expect(new Set(messages.map(({ nonce }) => nonce.join())).size).toBe(1000);
  });
});

describe("decryptMessage rejects a message", () => {
  it("with another chat, sender, time or client id", async () => {
    const message = await encryptText("hola");
    const { client_id: _, ...anonymous } = message;
    await opaque({ ...message, chat_id: 43 });
    await opaque({ ...message, sender_id: 8 });
    await opaque({ ...message, timestamp: message.timestamp + 0.001 });
    await opaque({ ...message, client_id: CLIENT_ID.replace("018b", "018c") });
    await opaque({ ...message, client_id: NIL });
    await opaque(anonymous);
    expect(await decryptMessage(key, { ...message, message_id: 5, seq: 9 })).toEqual(hola);
  });

  it("of another key", async () => {
    await opaque(await encryptText("hola"), await ChatKey.from(counting(32).reverse()));
  });

  it("with any byte of its content or nonce changed", async () => {
    const message = await encryptText("hola");
    for (const field of ["content", "nonce"] as const) {
      for (let at = 0; at < message[field].length; at++) {
        const changed = message[field].slice();
        changed[at]! ^= 1;
        await opaque({ ...message, [field]: changed });
      }
    }
  });

  it("with a content or a nonce of another length", async () => {
    const message = await encryptText("hola");
    for (const length of [0, 11, 13, 16])
      await opaque({ ...message, nonce: new Uint8Array(length) });
    for (const length of [0, 1, 15, 16, 143])
      await opaque({ ...message, content: message.content.slice(0, length) });
  });

  it("of another version", async () => {
    const message = await encryptText("hola");
    await opaque({ ...message, epoch: 0 });
    await opaque({ ...message, counter: 0 });
    await opaque({ ...message, device: "" });
  });

  it("that is not a message, with a DecryptError", async () => {
    const strange = { toString: 1, valueOf: 1 };
    for (const timestamp of [strange, 1n, Symbol("s"), null, "1", 8_640_000_000_001]) {
      await opaque({ ...(await encryptText("hola")), timestamp } as never);
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
      await opaque(garbage as never);
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
    await opaque(
      await changed((plaintext) => {
        plaintext[0] = flags;
      }),
    );
  });

  it("padding that is not zero", async () => {
    await opaque(
      await changed((plaintext) => {
        plaintext[127] = 1;
      }),
    );
    await opaque(
      await changed((plaintext) => {
        plaintext[5 + 21] = 1;
      }),
    );
  });

  it("a length that padding does not produce", async () => {
    await opaque(await encryptPlaintext(good().subarray(0, 127)));
    await opaque(await encryptPlaintext(Uint8Array.of(...good(), 0)));
    await opaque(await encryptPlaintext(Uint8Array.of(...good(), ...new Uint8Array(16))));
    await opaque(await encryptPlaintext(new Uint8Array(4)));
    await opaque(await encryptPlaintext(new Uint8Array(0)));
  });

  it("a body that is longer than the plaintext", async () => {
    await opaque(
      await changed((plaintext) => {
        plaintext[4] = 124;
      }),
    );
    await opaque(
      await changed((plaintext) => {
        plaintext[1] = 0xff;
      }),
    );
  });

  it.each([
    ["nothing", new Uint8Array()],
    ["no map in it", hex("90")],
    ["bytes", hex("c400")],
    ["nil", hex("c0")],
    ["no kind", body({ text: "hola" })],
    ["a kind that is not text", body({ kind: 1, text: "hola" })],
    ["a text that is not text", body({ kind: "text", text: 1 })],
    ["no text", body({ kind: "text" })],
    ["a reply_to that is not a client id", body({ kind: "text", text: "hola", reply_to: "x" })],
    ["a reply to the nil UUID", body({ kind: "text", text: "hola", reply_to: NIL })],
    ["a number", hex("07")],
    ["text", hex("a468 6f6c61")],
    ["bytes after its end", Uint8Array.of(...encodeContent(hola), 0xc0)],
    ["duplicate keys", hex("82 a46b696e64 a474657874 a46b696e64 a474657874")],
    ["an extension type", hex("81 a46b696e64 d40000")],
  ])("a body with %s", async (_, given) => opaque(await encryptBody(given)));

  it("a compressed body that is malformed, truncated, extended or empty", async () => {
    const deflated = (await deflate(encodeContent({ kind: "text", text: "x".repeat(9000) })))!;
    await opaque(await encryptBody(deflated.subarray(0, -1), true));
    await opaque(await encryptBody(Uint8Array.of(...deflated, 0), true));
    await opaque(await encryptBody(Uint8Array.of(...deflated, ...deflated), true));
    await opaque(await encryptBody(new Uint8Array(), true));
    await opaque(await encryptBody(hex("ffffffff"), true));
    await opaque(await encryptBody(encodeContent(hola), true));
  });

  it("an uncompressed body past 1 MiB", async () => {
    const long = encodeContent({ kind: "text", text: "x".repeat(1_048_576) });
    await opaque(await encryptBody(long), key, { maxBodyBytes: 1_048_576 });
    await opaque(await encryptBody(long), key, { maxBodyBytes: 9e9 });
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
      await opaque(longer);
      await opaque(longer, key, { maxBodyBytes: Number.NaN });
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
    await opaque(message);
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
    await opaque(await encryptBody((await deflate(bomb))!, true), key, most);
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
    await opaque(message);
    expect(memoryInUse() - before).toBeLessThan(20e6);
  });
});

describe("a content of an unknown kind", () => {
  it("is returned as unknown, with its fallback text", async () => {
    const poll = await encryptBody(body({ kind: "poll", fallback: "[encuesta]", options: ["sí"] }));
    expect(await decryptMessage(key, poll)).toEqual({ kind: "unknown", fallback: "[encuesta]" });
    expect(
      await decryptMessage(key, await encryptBody(body({ kind: "hologram", fallback: 5 }))),
    ).toEqual({
      kind: "unknown",
      fallback: "",
    });
  });

  it("does not affect texts of newer clients", async () => {
    const newer = await encryptBody(
      body({ kind: "text", text: "hola", reply_to: null, mood: "calm" }),
    );
    expect(await decryptMessage(key, newer)).toEqual(hola);
  });
});

describe("the length of a ciphertext", () => {
  it("is the same for all short texts", async () => {
    for (const text of ["", "hola", "x".repeat(100)]) {
      expect((await encryptText(text)).content).toHaveLength(128 + 16);
    }
  });

  it("does not depend on how well a long text compresses", async () => {
    for (const length of [511, 512, 1000, 30_000]) {
      const [same, varied] = ["x".repeat(length), noise(length, { from: 0, size: 128 })];
      expect((await encryptText(same)).content).toHaveLength(
        (await encryptText(varied)).content.length,
      );
    }
  });

  it("does not reveal a guess of a secret, unlike that of a compressed text", async () => {
    const random = noise(600, { from: 97, size: 26 });
    const [secret, wrong] = [random.slice(0, 24), random.slice(24, 48)];
    const lengthsWith = (guess: string, options = {}) =>
      Promise.all(
        Array.from({ length: 40 }, async (_, more) => {
          const text = `password=${secret}; ${random.slice(48, 548 + more)} password=${guess};`;
          const content = { kind: "text", text } as const;
          return (await encryptMessage(key, { ...header, content }, options)).content.length;
        }),
      );
    expect(await lengthsWith(secret)).toEqual(await lengthsWith(wrong));
    const compress = { compress: true };
    expect(await lengthsWith(secret, compress)).not.toEqual(await lengthsWith(wrong, compress));
  });

  it("is shorter only if the application enables compression and it helps", async () => {
    const compressed = (text: string) =>
      encryptMessage(key, { ...header, content: { kind: "text", text } }, { compress: true });
    expect((await compressed("hola ".repeat(2000))).content.length).toBeLessThan(1000);
    const [short, long] = [
      noise(400, { from: 0, size: 128 }),
      noise(50, { from: 128, size: 1920 }),
    ];
    const content = { kind: "text", text: short + long } as const;
    const message = await compressed(content.text);
    expect(await decryptMessage(key, message)).toEqual(content);
    expect(await decryptBody(message)).toEqual({
      isCompressed: false,
      body: encodeContent(content),
    });
  });

  it("does not depend on compression below 512 bytes", async () => {
    const ofBody = (length: number) => {
      const content = { kind: "text", text: "x".repeat(length - overhead) } as const;
      expect(encodeContent(content)).toHaveLength(length);
      return encryptMessage(key, { ...header, content }, { compress: true });
    };
    const overhead = encodeContent({ kind: "text", text: "x".repeat(400) }).length - 400;
    expect((await ofBody(511)).content).toHaveLength(paddedLength(5 + 511) + 16);
    expect((await ofBody(512)).content).toHaveLength(128 + 16);
  });
});

describe("encryptMessage rejects a message", () => {
  it.each([
    ["chat 0", { chat_id: 0 }],
    ["a chat that is not an integer", { chat_id: 1.5 }],
    ["a chat past 2^53", { chat_id: 2 ** 53 }],
    ["a sender of text", { sender_id: "7" }],
    ["no sender", { sender_id: undefined }],
    ["a time before 1970", { timestamp: -1 }],
    ["a time that is not a number", { timestamp: Number.NaN }],
    ["the nil UUID", { client_id: NIL }],
    ["a client id in upper case", { client_id: CLIENT_ID.toUpperCase() }],
    ["no content", { content: undefined }],
    ["a content that is text", { content: "hola" }],
    ["another kind", { content: { kind: "poll", text: "hola" } }],
    ["a text that is not text", { content: { kind: "text", text: 7 } }],
    ["a lone surrogate", { content: { kind: "text", text: "\ud800" } }],
    ["a reply_to that is not a UUID", { content: { ...hola, reply_to: "x" } }],
    ["a reply to the nil UUID", { content: { ...hola, reply_to: NIL } }],
    ["a text beyond 1 MiB", { content: { kind: "text", text: "x".repeat(1_048_577) } }],
  ])("with %s", async (_, fields) => {
    await expect(encryptText("hola", fields)).rejects.toThrow(ValidationError);
  });

  it("that would exceed a frame", async () => {
    await expect(encryptText(noise(330_000))).rejects.toThrow(ValidationError);
  });

  it("with a key that is not a ChatKey", async () => {
    const message = await encryptText("hola");
    for (const bad of [undefined, null, counting(32), {}]) {
      await expect(encryptMessage(bad as never, { ...header, content: hola })).rejects.toThrow(
        LacreError,
      );
      await expect(decryptMessage(bad as never, message)).rejects.toThrow(LacreError);
    }
  });
});
