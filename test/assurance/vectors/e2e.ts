import { encodeContent } from "../../../src/e2e/content.js";
import { deriveUnchecked } from "../../../src/e2e/derive-chat-key.js";
import { paddedLength } from "../../../src/e2e/padding.js";
import { rawMap, rawText } from "../../../src/testing/raw.js";
import type {
  InvalidBytes,
  InvalidChatKey,
  InvalidEncryption,
  InvalidKeptCheck,
  Padding,
  ValidBytes,
  ValidChatKey,
  ValidEncryption,
  ValidKeptCheck,
  Vectors,
} from "../../../src/testing/vectors.js";
import { counting, toHex } from "../../support/hex.js";
import {
  CLIENT_ID,
  deflated,
  HEADER,
  invalid,
  map,
  NONCE,
  padded,
  sealed,
  valid,
  WITHOUT_CLIENT_ID,
} from "./encryption.js";
import { image } from "./image.js";
import { errors, joined, rejection, valued } from "./notation.js";
import { bytes, kept_checks } from "./other-bytes.js";

async function chatKey(
  name: string,
  passphrase: string,
  salt: Uint8Array,
  iterations: number,
): Promise<ValidChatKey> {
  const key = await deriveUnchecked(passphrase, { salt, iterations, extractable: true });
  const [bytes, check] = [toHex(key.export()), toHex(key.check)];
  return {
    name,
    requirement: "E-1",
    passphrase,
    salt: toHex(salt),
    iterations,
    key: bytes,
    key_check: check,
  };
}

function noChatKey(
  name: string,
  passphrase: string,
  salt: Uint8Array,
  iterations: number,
  key_check: Uint8Array | null = null,
): InvalidChatKey {
  const wrong = key_check === null ? errors.key : errors.passphrase;
  const requirement = key_check === null ? "E-1" : "E-2";
  const parameters = { passphrase: valued(passphrase) as string, salt: toHex(salt), iterations };
  return {
    ...rejection(requirement, name, wrong),
    ...parameters,
    key_check: key_check && toHex(key_check),
  };
}

const HELLO = { kind: "text", text: "hola" } as const;
const BODY = encodeContent(HELLO);
const LONG = { kind: "text", text: "¿Dónde quedamos esta tarde? ".repeat(40) } as const;
const NIL = joined([0xc0]);
const text = rawText("text");

/** The content whose body has this length in bytes. */
const contentOf = (length: number) => ({ kind: "text", text: "a".repeat(length - 21) }) as const;
const bodyOf = (length: number) => encodeContent(contentOf(length));

/** A plaintext that `pad` never makes. */
function plaintext(
  flags: number,
  length: number,
  body: Uint8Array,
  total = paddedLength(5 + body.length),
): Uint8Array {
  const head = [flags, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255];
  return joined(head, body, new Uint8Array(Math.max(0, total - 5 - body.length)));
}

const usual = await sealed(padded(BODY));
const changed = (bytes: Uint8Array, at: number) =>
  bytes.map((byte, each) => (each === at ? byte ^ 1 : byte));

export const e2e: Vectors<ValidEncryption, InvalidEncryption> & {
  readonly keys: Vectors<ValidChatKey, InvalidChatKey>;
  readonly padding: readonly Padding[];
  readonly image: Vectors<ValidEncryption, InvalidEncryption>;
  readonly bytes: Vectors<ValidBytes, InvalidBytes>;
  readonly kept_checks: Vectors<ValidKeptCheck, InvalidKeptCheck>;
} = {
  keys: {
    valid: [
      await chatKey("the one of the specification", "café con leche", counting(16), 100_000),
      await chatKey(
        "the same passphrase, in another form of Unicode",
        "cafe\u0301 con leche",
        counting(16),
        100_000,
      ),
      await chatKey(
        "the same passphrase, with white space and line ends around it",
        "\u00a0\t café con leche\u2003\u0085\r\n",
        counting(16),
        100_000,
      ),
      await chatKey("a salt of 64 bytes", "🔑", counting(64), 100_001),
      await chatKey("what is recommended", "correct horse battery staple", counting(32), 600_000),
    ],
    invalid: [
      noChatKey("no passphrase", "", counting(16), 100_000),
      noChatKey("a passphrase of white space alone", " \n", counting(16), 100_000),
      noChatKey("a passphrase with a lone surrogate", "caf\udc00", counting(16), 100_000),
      noChatKey("a salt of 15 bytes", "passphrase", counting(15), 100_000),
      noChatKey("a salt of 65 bytes", "passphrase", counting(65), 100_000),
      noChatKey("99,999 iterations", "passphrase", counting(16), 99_999),
      noChatKey("2,000,001 iterations", "passphrase", counting(16), 2_000_001),
      noChatKey("iterations that are no integer", "passphrase", counting(16), 100_000.5),
      noChatKey("another chat's check", "passphrase", counting(16), 100_000, counting(16)),
    ],
  },
  padding: [
    0, 1, 5, 127, 128, 129, 144, 145, 255, 256, 257, 300, 1000, 1024, 1025, 65_536, 65_537, 100_005,
    720_000, 1_048_581,
  ].map((length) => ({
    name: `P(${length})`,
    requirement: "E-8",
    length,
    padded: paddedLength(length),
  })),
  valid: [
    await valid("E-4", "a text", BODY, HELLO),
    await valid("E-10", "an empty text", encodeContent({ kind: "text", text: "" }), {
      kind: "text",
      text: "",
    }),
    await valid("E-10", "an answer", encodeContent({ ...HELLO, reply_to: CLIENT_ID }), {
      ...HELLO,
      reply_to: CLIENT_ID,
    }),
    await valid("E-5", "no client id", BODY, HELLO, { header: WITHOUT_CLIENT_ID }),
    await valid("E-5", "the largest ids", BODY, HELLO, {
      header: { ...HEADER, chat_id: 2 ** 53 - 1, sender_id: 2 ** 53 - 1 },
    }),
    await valid("E-5", "a whole second", BODY, HELLO, {
      header: { ...HEADER, timestamp: 1_700_000_000 },
    }),
    await valid("E-5", "half a millisecond, which is rounded up", BODY, HELLO, {
      header: { ...HEADER, timestamp: 1.0005 },
    }),
    await valid("E-5", "the beginning of time", BODY, HELLO, {
      header: { ...HEADER, timestamp: 0 },
    }),
    await valid("E-9", "a long text, deflated", encodeContent(LONG), LONG, { deflate: true }),
    await valid("E-9a", "131,072 bytes deflated", bodyOf(131_072), contentOf(131_072), {
      deflate: true,
    }),
    await valid("E-9", "a long text that is not deflated", encodeContent(LONG), LONG),
    await valid("E-9", "a short text that is deflated all the same", BODY, HELLO, {
      deflate: true,
    }),
    await valid(
      "E-8",
      "a body that fills its bucket",
      map(["kind", text], ["text", rawText("x".repeat(106))]),
      { kind: "text", text: "x".repeat(106) },
    ),
    await valid(
      "E-10",
      "fields that nobody knows, in another order",
      map(["text", rawText("hola")], ["new", joined([0x91, 1])], ["kind", text]),
      HELLO,
    ),
    await valid(
      "E-10",
      "nil for an optional field",
      map(["kind", text], ["text", rawText("hola")], ["reply_to", NIL]),
      HELLO,
    ),
    await valid(
      "E-10",
      "a kind that nobody knows, with a text to show",
      map(["kind", rawText("poll")], ["fallback", rawText("Una encuesta")]),
      { kind: "unknown", fallback: "Una encuesta" },
    ),
    await valid(
      "E-10",
      "a kind that nobody knows, with nothing to show",
      map(["kind", rawText("poll")], ["fallback", joined([1])]),
      { kind: "unknown", fallback: "" },
    ),
  ],
  invalid: [
    await invalid("E-4", "a tag with a bit changed", {
      ...usual,
      content: changed(usual.content, usual.content.length - 1),
    }),
    await invalid("E-4", "a ciphertext with a bit changed", {
      ...usual,
      content: changed(usual.content, 0),
    }),
    await invalid("E-4", "another nonce", { ...usual, nonce: changed(NONCE, 0) }),
    await invalid("E-4", "a tag that is cut to 12 bytes", {
      ...usual,
      content: usual.content.slice(0, -4),
    }),
    await invalid("E-4", "nothing but a tag", { ...usual, content: usual.content.slice(-16) }),
    await invalid("E-4", "no content", { ...usual, content: joined([]) }),
    await invalid("E-5", "another chat", { ...usual, chat_id: 43 }),
    await invalid("E-5", "another sender", { ...usual, sender_id: 8 }),
    await invalid("E-5", "chat and sender exchanged", { ...usual, chat_id: 7, sender_id: 42 }),
    await invalid("E-5", "another time, by a millisecond", {
      ...usual,
      timestamp: HEADER.timestamp + 0.001,
    }),
    await invalid("E-5", "another client id", {
      ...usual,
      client_id: CLIENT_ID.replace("ab", "ac"),
    }),
    await invalid("E-5", "without its client id", {
      ...WITHOUT_CLIENT_ID,
      content: usual.content,
      nonce: NONCE,
    }),
    await invalid("E-5", "with no aad", sealed(padded(BODY), HEADER, joined([]))),
    await invalid("E-7", "an epoch", { ...usual, epoch: 0 }),
    await invalid("E-7", "a counter", { ...usual, counter: 0 }),
    await invalid("E-7", "a device", { ...usual, device: "phone" }),
    await invalid("E-8", "a flag that nobody knows", sealed(plaintext(2, BODY.length, BODY))),
    await invalid(
      "E-8",
      "padding that is not zero",
      sealed(joined(padded(BODY).slice(0, -1), [1])),
    ),
    await invalid("E-8", "a byte of padding too many", sealed(joined(padded(BODY), [0]))),
    await invalid("E-8", "a byte of padding too few", sealed(padded(BODY).slice(0, -1))),
    await invalid("E-8", "no padding", sealed(plaintext(0, BODY.length, BODY, 0))),
    await invalid(
      "E-8",
      "padding to the next bucket",
      sealed(plaintext(0, BODY.length, BODY, 144)),
    ),
    await invalid("E-8", "a length past the end", sealed(plaintext(0, 2 ** 31, BODY))),
    await invalid("E-8", "an empty plaintext", sealed(joined([]))),
    await invalid("E-9", "a body that says it is deflated, and is not", sealed(padded(BODY, true))),
    await invalid(
      "E-9",
      "a deflate stream that is cut short",
      sealed(padded(deflated(encodeContent(LONG)).slice(0, -1), true)),
    ),
    await invalid(
      "E-9",
      "bytes after a deflate stream",
      sealed(padded(joined(deflated(BODY), [0]), true)),
    ),
    await invalid(
      "E-9a",
      "131,073 bytes deflated",
      sealed(padded(deflated(bodyOf(131_073)), true)),
    ),
    await invalid(
      "E-9",
      "1,048,577 bytes deflated",
      sealed(
        padded(deflated(map(["kind", text], ["text", rawText("a".repeat(1_048_577 - 21))])), true),
      ),
    ),
    await invalid(
      "E-10",
      "a body that is deflated, and not said to be",
      sealed(padded(deflated(encodeContent(LONG)))),
    ),
    await invalid("E-10", "an empty body", sealed(padded(joined([])))),
    await invalid("E-10", "a body that is no map", sealed(padded(joined([0x90])))),
    await invalid("E-10", "bytes after the body's map", sealed(padded(joined(BODY, [0])))),
    await invalid("E-10", "no kind", sealed(padded(map(["text", text])))),
    await invalid(
      "E-10",
      "a kind that is no text",
      sealed(padded(map(["kind", joined([1])], ["text", text]))),
    ),
    await invalid(
      "E-10",
      "a text that is no text",
      sealed(padded(map(["kind", text], ["text", NIL]))),
    ),
    await invalid(
      "E-10",
      "a reply_to that is no client id",
      sealed(padded(map(["kind", text], ["text", text], ["reply_to", text]))),
    ),
    await invalid(
      "E-10",
      "a key twice",
      sealed(padded(map(["kind", text], ["text", text], ["text", text]))),
    ),
    await invalid(
      "E-10",
      "the key __proto__",
      sealed(padded(map(["kind", text], ["text", text], ["__proto__", rawMap()]))),
    ),
    await invalid(
      "E-10",
      "text that is no UTF-8",
      sealed(padded(map(["kind", text], ["text", joined([0xa1, 0xff])]))),
    ),
    await invalid(
      "E-10",
      "sixteen containers in each other",
      sealed(
        padded(
          map(["kind", text], ["text", text], ["more", joined(new Array(15).fill(0x91), NIL)]),
        ),
      ),
    ),
  ],
  image,
  bytes,
  kept_checks,
};
