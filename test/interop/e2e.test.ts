import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ChatKey, type Content, decryptMessage, encryptMessage } from "../../src/e2e/index.js";
import { ChatMessage, DecryptError, MessageProtocol, SigningKey } from "../../src/index.js";
import { counting, hex, toHex } from "../support/hex.js";
import { runs } from "../support/runs.js";
import { workedExamples } from "./examples.js";
import { describeWithPython, Peer } from "./peer.js";

const SECRET = "clave secreta ñ 🔑";
const KEY = SigningKey.from(SECRET);
const NOW = 1_700_000_000.123;
const CHAT_KEY = counting(32);
const CLIENT_ID = "018bcfe5-687b-7abc-8def-0123456789ab";
const HEADER = { chat_id: 42, sender_id: 7, timestamp: NOW, client_id: CLIENT_ID };

type Encrypted = { message: ChatMessage; aad: string; body: string };
type Decrypted = { content: unknown; deflated: boolean };

const LONG_TEXT = "¿Dónde quedamos esta tarde? 🌇 ".repeat(2_000);
const TEXTS = [
  ["a short text", { kind: "text", text: "hola ñ 🔑" }],
  ["an empty text", { kind: "text", text: "" }],
  ["a text of 70 kB", { kind: "text", text: LONG_TEXT }],
  ["an answer", { kind: "text", text: "sí", reply_to: "9f8bcfe5-687b-4abc-8def-0123456789ab" }],
] as const;
const HEADERS = [
  ["with a client id", HEADER],
  ["without a client id", { chat_id: 42, sender_id: 7, timestamp: NOW }],
  ["with the largest ids", { ...HEADER, chat_id: 2 ** 53 - 1, sender_id: 2 ** 53 - 1 }],
  ["at a whole second", { ...HEADER, timestamp: 1_700_000_000 }],
  ["at a time between milliseconds", { ...HEADER, timestamp: 1_700_000_000.123_456 }],
] as const;
const CASES = TEXTS.flatMap(([text, content]) =>
  HEADERS.map(([where, header]) => [text, where, content, header] as const),
);

describeWithPython("chat messages encrypted by the library and by Python", () => {
  let peer: Peer;
  let key: ChatKey;
  beforeAll(async () => {
    peer = new Peer();
    key = await ChatKey.from(CHAT_KEY);
  });
  afterAll(() => peer.stop());

  const encryptInPython = (args: object) =>
    peer.call<Encrypted>("encrypt", { key: CHAT_KEY, ...HEADER, ...args });
  const decryptInPython = (payload: unknown) =>
    peer.call<Decrypted>("decrypt", { key: CHAT_KEY, payload });

  /** Sends a message of the library to Python in a signed frame. Returns the payload that Python reads. */
  async function toPython(message: ChatMessage): Promise<Record<string, unknown>> {
    const frame = toHex(ChatMessage.toProtocol(message, KEY).toBytes());
    type Checked = { verified: boolean; payload: Record<string, unknown> };
    const { verified, payload } = await peer.call<Checked>("check", { secret: SECRET, frame });
    expect(verified).toBe(true);
    return payload;
  }

  /** Sends a message of Python to the library in a signed frame. Returns the message that the library reads. */
  async function toLibrary(fields: ChatMessage): Promise<ChatMessage> {
    const args = { secret: SECRET, type: "message", fields, timestamp: NOW };
    const { frame } = await peer.call<{ frame: string }>("make_message", args);
    return ChatMessage.fromProtocol(MessageProtocol.open(hex(frame), { key: KEY, now: NOW }));
  }

  it("are equal to the worked example in both", async () => {
    const examples = workedExamples();
    const content = { kind: "text", text: "hola" } as const;
    const exampleKey = hex(examples["chat_key.key"]!);
    const made = await encryptInPython({ content, key: exampleKey, nonce: counting(12) });
    expect(made.aad).toBe(examples["chat_message.aad"]);
    expect(made.body).toBe(examples["chat_message.body"]);
    expect(toHex(made.message.content)).toBe(examples["chat_message.content"]);
    const inLibrary = await ChatKey.from(exampleKey);
    expect(await decryptMessage(inLibrary, made.message)).toEqual(content);
  });

  it.each(CASES)("%s %s goes from the library to Python", async (_, __, content, header) => {
    const payload = await toPython(await encryptMessage(key, { ...header, content }));
    expect(payload.timestamp).toBe(Math.round(header.timestamp * 1000) / 1000);
    expect((await decryptInPython(payload)).content).toEqual(content);
  });

  it.each(CASES)("%s %s goes from Python to the library", async (_, __, content, header) => {
    for (const deflate of [false, true]) {
      const { message } = await encryptInPython({ content, client_id: null, ...header, deflate });
      expect(await decryptMessage(key, await toLibrary(message))).toEqual(content);
    }
  });

  it("are deflated by the library if compression is enabled and makes them shorter", async () => {
    const isDeflated = async (text: string, compress?: boolean) => {
      const content = { kind: "text", text } as const;
      const options = compress === undefined ? {} : { compress };
      const message = await encryptMessage(key, { ...HEADER, content }, options);
      return (await decryptInPython(await toPython(message))).deflated;
    };
    expect(await isDeflated(LONG_TEXT, true)).toBe(true);
    expect(await isDeflated("hola", true)).toBe(false);
    expect(await isDeflated(LONG_TEXT)).toBe(false);
    expect(await isDeflated(LONG_TEXT, false)).toBe(false);
  });

  it("decrypt in the other for random texts at random times", async () => {
    const text = fc.string({ unit: "binary", size: "large", maxLength: 3_000 });
    const time = fc.double({ min: 0, max: 2 ** 36, noNaN: true });
    const property = fc.asyncProperty(
      text,
      time,
      fc.boolean(),
      async (text, timestamp, deflate) => {
        const header = { ...HEADER, timestamp };
        const content = { kind: "text", text } as const;
        const ours = await encryptMessage(key, { ...header, content }, { compress: deflate });
        expect((await decryptInPython(await toPython(ours))).content).toEqual(content);
        const { message } = await encryptInPython({ ...header, content, deflate });
        expect(message.timestamp).toBe(ours.timestamp);
        expect(await decryptMessage(key, await toLibrary(message))).toEqual(content);
      },
    );
    await fc.assert(property, { numRuns: runs(100) });
  });

  it("have the length that section 8 specifies", async () => {
    for (let length = 0; length <= 3_000; length += 37) {
      const content = { kind: "text", text: "ab".repeat(length / 2) } as const;
      const message = await encryptMessage(key, { ...HEADER, content });
      const { deflated } = await decryptInPython(await toPython(message));
      const { body } = await encryptInPython({ content });
      expect(deflated).toBe(false);
      const padded = await peer.call<number>("padded_length", { n: 5 + body.length / 2 });
      expect(message.content.length).toBe(padded + 16);
    }
  });

  const unknown: [string, object, Content][] = [
    [
      "with a fallback",
      { kind: "poll", fallback: "Una encuesta", question: "¿Vienes?" },
      { kind: "unknown", fallback: "Una encuesta" },
    ],
    ["without a fallback", { kind: "poll" }, { kind: "unknown", fallback: "" }],
    [
      "with nil for a fallback",
      { kind: "poll", fallback: null },
      { kind: "unknown", fallback: "" },
    ],
  ];
  it.each(unknown)(
    "may be of a kind that is unknown to the library: %s",
    async (_, content, read) => {
      const { message } = await encryptInPython({ content });
      expect(await decryptMessage(key, await toLibrary(message))).toEqual(read);
    },
  );

  it("may have unknown fields, and nil as reply_to", async () => {
    const content = { new_field: [1, { two: 2.5 }], text: "hola", reply_to: null, kind: "text" };
    const { message } = await encryptInPython({ content });
    expect(await decryptMessage(key, message)).toEqual({ kind: "text", text: "hola" });
  });

  it.each([
    ["garbage after the deflate stream", { deflate: true, mistake: "garbage after deflate" }],
    ["a deflate stream that is cut short", { deflate: true, mistake: "deflate cut short" }],
    ["padding that is not zero", { mistake: "padding not zero" }],
    ["padding that is too long", { mistake: "padding too long" }],
    ["padding that is too short", { mistake: "padding too short" }],
    ["an unknown flag", { mistake: "unknown flag" }],
    ["a wrong length of the body", { mistake: "wrong length" }],
    ["a body that is not MessagePack", { content: Uint8Array.of(0xc1) }],
  ])("are rejected by both with %s", async (_, mistake) => {
    const text = { kind: "text", text: "hola" };
    const sound = await encryptInPython({ content: text, deflate: "deflate" in mistake });
    expect(await decryptMessage(key, sound.message)).toEqual(text);

    const { message } = await encryptInPython({ content: text, ...mistake });
    await expect(decryptMessage(key, message)).rejects.toThrow(DecryptError);
    await expect(decryptInPython(await toPython(message))).rejects.toThrow();
  });

  it.each([
    ["a body that is not a map", Uint8Array.of(0x90)],
    ["a kind that is not text", { kind: 1, text: "hola" }],
    ["no kind", { text: "hola" }],
    ["a text that is not text", { kind: "text", text: Uint8Array.of(1) }],
    ["more than 1,048,576 bytes inflated", { kind: "text", text: "a".repeat(1_048_576) }],
  ])("are rejected by the library with %s", async (_, content) => {
    const { message } = await encryptInPython({ content, deflate: true });
    await expect(decryptMessage(key, message)).rejects.toThrow(DecryptError);
  });

  it.each([
    ["chat", { chat_id: 43 }],
    ["sender", { sender_id: 8 }],
    ["time", { timestamp: NOW + 0.001 }],
    ["client id", { client_id: "018bcfe5-687b-7abc-8def-0123456789ac" }],
    ["version", { epoch: 0 }],
    ["version", { counter: 0 }],
    ["version", { device: "reloj" }],
  ])("are rejected by both with another %s", async (_, change) => {
    const content = { kind: "text", text: "hola" } as const;
    const ours = await encryptMessage(key, { ...HEADER, content });
    await expect(decryptInPython(await toPython({ ...ours, ...change }))).rejects.toThrow();
    const { message } = await encryptInPython({ content });
    await expect(decryptMessage(key, { ...message, ...change })).rejects.toThrow(DecryptError);
  });

  it("are rejected by both with another key, and with any changed byte", async () => {
    const content = { kind: "text", text: "hola" } as const;
    const message = await encryptMessage(key, { ...HEADER, content });
    const payload = await toPython(message);
    const another = { key: counting(33).subarray(1), payload };
    await expect(peer.call("decrypt", another)).rejects.toThrow("InvalidTag");
    const anotherKey = await ChatKey.from(counting(33).subarray(1));
    await expect(decryptMessage(anotherKey, message)).rejects.toThrow(DecryptError);
    for (let at = 0; at < message.content.length; at++) {
      const flipped = { ...message, content: message.content.with(at, message.content[at]! ^ 1) };
      await expect(decryptMessage(key, flipped)).rejects.toThrow(DecryptError);
      await expect(decryptInPython(await toPython(flipped))).rejects.toThrow("InvalidTag");
    }
  });
});
