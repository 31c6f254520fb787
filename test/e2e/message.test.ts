import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decryptMessage, encryptMessage } from "../../src/e2e/index.js";
import {
  ChatMessage,
  LacreError,
  MessageProtocol,
  SigningKey,
  ValidationError,
} from "../../src/index.js";
import { CLIENT_ID, noise, wires } from "../support/examples.js";
import { counting } from "../support/hex.js";
import { runs } from "../support/runs.js";
import { encryptText, header, hola, key, NIL } from "./fixture.js";

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
