import { expect, it } from "vitest";
import { deriveUnchecked } from "../src/e2e/derive-chat-key.js";
import {
  ChatKey,
  decrypt,
  deriveChatKey,
  type EncryptMessageOptions,
  encrypt,
  encryptMessage,
} from "../src/e2e/index.js";
import {
  createRegistry,
  defineMessage,
  deriveSessionKey,
  Keyring,
  type LacreError,
  MessageProtocol,
  ReplayGuard,
  SigningKey,
} from "../src/index.js";
import { directionKeys, messageDigest } from "../src/server/index.js";
import { rawBin, rawFloat64, rawMap, rawText, rawWire1, rawWire2 } from "../src/testing/raw.js";
import { everyMessage, NOW, noise } from "./support/examples.js";
import { counting, hex } from "./support/hex.js";

// The message of each error. Messages are for people, and are tested like codes.

const key = SigningKey.from("a secret that both ends share", { id: "k1" });
const frame = new MessageProtocol({ type: "t", payload: {}, timestamp: NOW, wire: 2 })
  .sign(key)
  .toBytes();
const fields = { type: rawText("t"), payload: Uint8Array.of(0x80), timestamp: rawFloat64(NOW) };
const open = (bytes: unknown, options = {}) =>
  MessageProtocol.open(bytes as Uint8Array, { key, now: NOW, ...options });
const wire1 = (changes: Partial<typeof fields>) => open(rawWire1(key, { ...fields, ...changes }));
const wire2 = (changes: object) => open(rawWire2(key, { ...fields, ...changes }));
const payload = (bytes: string) => wire2({ payload: hex(bytes) });
/** Offset of the payload in such a frame. */
const PAYLOAD_AT = 36;
const make = (changes: object) =>
  new MessageProtocol({ type: "t", payload: {}, timestamp: NOW, ...changes });
const chatKey = await ChatKey.from(counting(32));
const content = { kind: "text", text: "hola" } as const;
const encryptWith = (changes: object, options?: EncryptMessageOptions) =>
  encryptMessage(chatKey, { chat_id: 1, sender_id: 2, content, ...changes } as never, options);
const salt = counting(16);
const wire1Entries = Object.entries(fields).map(([name, value]) => [rawText(name), value] as const);
const entries = (names: string[]) =>
  rawMap(...names.map((name) => [rawText(name), fields[name as "type"] ?? rawText("")] as const));

const cases: readonly (readonly [message: string, code: string, action: () => unknown])[] = [
  // Bytes that are not a frame.
  ["a frame must be a Uint8Array or an ArrayBuffer", "ERR_MALFORMED", () => open("text")],
  ["malformed frame: neither wire 1 nor wire 2", "ERR_MALFORMED", () => open(new Uint8Array(3))],
  ...["", "81", "85", "96", "98"].map(
    (bytes) =>
      [
        "malformed frame: neither wire 1 nor wire 2",
        "ERR_MALFORMED",
        () => open(hex(bytes)),
      ] as const,
  ),
  [
    `frame exceeds a limit: ${frame.length} bytes of at most 9`,
    "ERR_BOUND_EXCEEDED",
    () => open(frame, { maxFrameBytes: 9 }),
  ],
  ["malformed frame: no type", "ERR_MALFORMED", () => open(entries(["payload", "timestamp"]))],
  ["malformed frame: no payload", "ERR_MALFORMED", () => open(entries(["type", "timestamp"]))],
  [
    "malformed frame: an unknown key",
    "ERR_MALFORMED",
    () => open(entries(["type", "payload", "x"])),
  ],
  [
    "malformed frame: the payload is not a map",
    "ERR_MALFORMED",
    () => wire1({ payload: Uint8Array.of(0x90) }),
  ],
  ["malformed frame: the payload is not a map", "ERR_MALFORMED", () => payload("90")],
  [
    "malformed frame: the type is not text",
    "ERR_MALFORMED",
    () => wire1({ type: Uint8Array.of(7) }),
  ],
  [
    "malformed frame: the type must have 1 to 64 bytes",
    "ERR_MALFORMED",
    () => wire1({ type: rawText("") }),
  ],
  [
    "malformed frame: the timestamp is neither a float64 nor an integer",
    "ERR_MALFORMED",
    () => wire1({ timestamp: rawText("") }),
  ],
  [
    "malformed frame: the version is not 2",
    "ERR_MALFORMED",
    () => wire2({ version: Uint8Array.of(3) }),
  ],
  [
    "malformed frame: the key id is not text",
    "ERR_MALFORMED",
    () => wire2({ keyId: Uint8Array.of(0xc0) }),
  ],
  [
    "malformed frame: the key id is not in its shortest form",
    "ERR_MALFORMED",
    () => wire2({ keyId: hex("d9 02 6b31") }),
  ],
  [
    "malformed frame: the key id is not UTF-8",
    "ERR_MALFORMED",
    () => wire2({ keyId: hex("a1 ff") }),
  ],
  [
    "malformed frame: the key id must have 0 to 64 bytes",
    "ERR_MALFORMED",
    () => wire2({ keyId: rawText("k".repeat(65)) }),
  ],
  [
    "malformed frame: the type must have 1 to 64 bytes",
    "ERR_MALFORMED",
    () => wire2({ type: rawText("") }),
  ],
  [
    "malformed frame: the id is not a byte string",
    "ERR_MALFORMED",
    () => wire2({ id: rawText("id") }),
  ],
  [
    "malformed frame: the id must have 16 bytes",
    "ERR_MALFORMED",
    () => wire2({ id: rawBin(counting(15)) }),
  ],
  [
    "malformed frame: the timestamp is not a float64",
    "ERR_MALFORMED",
    () => wire2({ timestamp: Uint8Array.of(7) }),
  ],
  [
    "malformed frame: a timestamp that is not finite",
    "ERR_MALFORMED",
    () => wire2({ timestamp: rawFloat64(Number.NaN) }),
  ],
  [
    "malformed frame: the payload is not in its shortest form",
    "ERR_MALFORMED",
    () => wire2({ payloadInBin: hex("c5 0001 80") }),
  ],
  [
    "malformed frame: the mac is not a byte string",
    "ERR_MALFORMED",
    () => open(frame.with(-34, 0xc0)),
  ],
  [
    "malformed frame: the signature is not text",
    "ERR_MALFORMED",
    () => open(rawMap(...wire1Entries, [rawText("signature"), Uint8Array.of(0xc0)])),
  ],
  ["malformed frame: the frame ends too early", "ERR_MALFORMED", () => open(frame.subarray(0, -1))],
  ["malformed frame: bytes after the end", "ERR_MALFORMED", () => open(Uint8Array.of(...frame, 0))],
  // MessagePack that is rejected.
  [
    `malformed frame at byte ${PAYLOAD_AT + 1}: bytes after the end`,
    "ERR_MALFORMED",
    () => payload("80 c0"),
  ],
  [
    `malformed frame at byte ${PAYLOAD_AT + 3}: an extension type or an unassigned byte`,
    "ERR_MALFORMED",
    () => payload("81 a161 c1"),
  ],
  [
    `malformed frame at byte ${PAYLOAD_AT + 3}: the frame ends too early`,
    "ERR_MALFORMED",
    () => payload("81 a161"),
  ],
  [
    `malformed frame at byte ${PAYLOAD_AT + 4}: text that is not UTF-8`,
    "ERR_MALFORMED",
    () => payload("81 a161 a1ff"),
  ],
  [
    `malformed frame at byte ${PAYLOAD_AT + 1}: a key that is not text`,
    "ERR_MALFORMED",
    () => payload("81 01 02"),
  ],
  [
    `malformed frame at byte ${PAYLOAD_AT + 4}: a duplicate key`,
    "ERR_MALFORMED",
    () => payload("82 a161 01 a161 02"),
  ],
  [
    `malformed frame at byte ${PAYLOAD_AT + 1}: a forbidden key`,
    "ERR_MALFORMED",
    () => payload("81 a95f5f70726f746f5f5f 80"),
  ],
  [
    `malformed frame at byte ${PAYLOAD_AT + 11}: a timestamp that is not finite`,
    "ERR_MALFORMED",
    () => payload("81 a974696d657374616d70 cb7ff0000000000000"),
  ],
  [
    `frame exceeds a limit: an integer past 2^53 at byte ${PAYLOAD_AT + 3}`,
    "ERR_BOUND_EXCEEDED",
    () => payload("81 a161 cf0020000000000000"),
  ],
  [
    "frame exceeds a limit: more than 16 nested containers",
    "ERR_BOUND_EXCEEDED",
    () => payload(`81 a161 ${"91".repeat(20)}`),
  ],
  [
    "frame exceeds a limit: more than 65536 elements",
    "ERR_BOUND_EXCEEDED",
    () => payload("81 a161 dd00010000"),
  ],
  // Frames that are not accepted.
  [
    "the frame is not authentic under this key",
    "ERR_VERIFY",
    () => open(frame.with(-1, frame.at(-1)! ^ 1)),
  ],
  [
    "the frame is too old: check the clocks of both ends",
    "ERR_EXPIRED",
    () => open(frame, { now: NOW + 361 }),
  ],
  [
    "the frame is from the future: check the clocks of both ends",
    "ERR_FROM_FUTURE",
    () => open(frame, { now: NOW - 61 }),
  ],
  [
    "the frame was received before",
    "ERR_REPLAYED",
    () => open(frame, { replay: { add: () => false } }),
  ],
  [
    "the frame expired before the replay guard received it",
    "ERR_EXPIRED",
    () => new ReplayGuard().add(counting(32), NOW, NOW + 1),
  ],
  [
    "the replay guard is full, with 0 frames: wait until some expire, or increase its capacity",
    "ERR_REPLAY_GUARD_FULL",
    () => new ReplayGuard({ capacity: 0 }).add(counting(32), NOW, NOW),
  ],
  ["`key` must be a SigningKey or a Keyring", "ERR_KEY", () => open(frame, { key: "secret" })],
  // Invalid messages.
  [
    "message: type: must be well-formed text of 1 to 64 UTF-8 bytes",
    "ERR_VALIDATION",
    () => make({ type: "" }),
  ],
  [
    "message: timestamp: must be a finite number of seconds",
    "ERR_VALIDATION",
    () => make({ timestamp: Number.NaN }),
  ],
  ["message: wire: must be 1 or 2", "ERR_VALIDATION", () => make({ wire: 3 })],
  ["message: id: only wire 2 has an id", "ERR_VALIDATION", () => make({ id: "x" })],
  ["message: id: must be a UUID in lower case", "ERR_VALIDATION", () => make({ id: "x", wire: 2 })],
  [
    "message: payload: the frame would have more than 9 bytes",
    "ERR_VALIDATION",
    () => make({ maxFrameBytes: 9 }),
  ],
  ["payload: must be a plain object", "ERR_VALIDATION", () => make({ payload: [] })],
  [
    "payload: a.0: must not have a lone surrogate",
    "ERR_VALIDATION",
    () => make({ payload: { a: ["\ud800"] } }),
  ],
  [
    "payload: a: must be nil, a boolean, number, text, bytes, array or plain object",
    "ERR_VALIDATION",
    () => make({ payload: { a: new Date() } }),
  ],
  [
    "payload: constructor: is a forbidden key",
    "ERR_VALIDATION",
    () => make({ payload: { constructor: 1 } }),
  ],
  [
    "payload: timestamp: must be finite",
    "ERR_VALIDATION",
    () => make({ payload: { timestamp: Number.NaN } }),
  ],
  ["sign needs a MessageProtocol and a SigningKey", "ERR_KEY", () => make({}).sign({} as never)],
  [
    "sign: timestamp: is missing, so that the frame cannot be signed",
    "ERR_VALIDATION",
    () => MessageProtocol.fromBytes(entries(["type", "payload"])).sign(key),
  ],
  [
    "a wire 2 message must be signed first: sign(key).toBytes()",
    "ERR_UNSIGNED",
    () => make({ wire: 2 }).toBytes({ unsigned: true }),
  ],
  [
    "the message is unsigned: sign(key).toBytes(), or toBytes({ unsigned: true }) to allow it",
    "ERR_UNSIGNED",
    () => make({}).toBytes(),
  ],
  [
    "ack: type: is the type of another message",
    "ERR_VALIDATION",
    () => everyMessage.ack!.definition.fromProtocol(make({})),
  ],
  [
    "registry: ack: has two definitions",
    "ERR_VALIDATION",
    () => createRegistry([everyMessage.ack!.definition, everyMessage.ack!.definition] as never),
  ],
  [
    "registry: unknown: is reserved for types without a definition",
    "ERR_VALIDATION",
    () => createRegistry([defineMessage("unknown", everyMessage.ack!.definition.schema)]),
  ],
  [
    "message: a field that the digest covers is invalid",
    "ERR_VALIDATION",
    () => messageDigest({} as never),
  ],
  // Invalid keys.
  ["the secret is empty or all zero", "ERR_KEY", () => SigningKey.from("")],
  ["the secret is empty or all zero", "ERR_KEY", () => SigningKey.from(new Uint8Array(32))],
  ["the secret must not have a lone surrogate", "ERR_KEY", () => SigningKey.from("\ud800")],
  ["a secret must be text or a Uint8Array", "ERR_KEY", () => SigningKey.from(7 as never)],
  [
    "a key id must be well-formed text of at most 64 UTF-8 bytes",
    "ERR_KEY",
    () => SigningKey.generate({ id: "k".repeat(65) }),
  ],
  [
    "a label must have 1 to 32 of the characters a-z, 0-9 and -",
    "ERR_KEY",
    () => SigningKey.derive("secret", "A"),
  ],
  [
    "a salt must be a Uint8Array",
    "ERR_KEY",
    () => SigningKey.derive("secret", "a", { salt: "salt" as never }),
  ],
  ["a keyring must have SigningKeys", "ERR_KEY", () => new Keyring(["secret" as never])],
  ["a keyring must have 1 to 8 keys", "ERR_KEY", () => new Keyring([])],
  ["two keys of the keyring have the same id", "ERR_KEY", () => new Keyring([key, key])],
  [
    "a server's secret must have at least 32 bytes",
    "ERR_KEY",
    () => deriveSessionKey(counting(31), counting(16)),
  ],
  [
    "a session's id must have 16 bytes",
    "ERR_KEY",
    () => deriveSessionKey(counting(32), counting(15)),
  ],
  ["a session key must have 32 bytes", "ERR_KEY", () => directionKeys(counting(31))],
  // End to end.
  [
    "a chat key must have 32 bytes that are not all zero",
    "ERR_KEY",
    () => ChatKey.from(counting(31)),
  ],
  [
    "a chat key must have 32 bytes that are not all zero",
    "ERR_KEY",
    () => ChatKey.from(new Uint8Array(32)),
  ],
  [
    "a chat key must be 32 bytes, or an AES-GCM CryptoKey of 256 bits with both usages",
    "ERR_KEY",
    () => ChatKey.from({} as never),
  ],
  ["a key check must have 16 bytes", "ERR_KEY", () => chatKey.assertCheck(counting(15))],
  ["a key check must have 16 bytes", "ERR_KEY", () => deriveChatKey("x", { salt } as never)],
  [
    "wrong passphrase: the derived key is not the chat's",
    "ERR_WRONG_PASSPHRASE",
    () => chatKey.assertCheck(counting(16)),
  ],
  [
    "the key is not extractable: derive it with { extractable: true }",
    "ERR_KEY",
    () => chatKey.export(),
  ],
  [
    "the key must be a ChatKey: create it with deriveChatKey",
    "ERR_KEY",
    () => encrypt({} as never, counting(1)),
  ],
  [
    "a passphrase must be well-formed text that is not empty",
    "ERR_KEY",
    () => deriveUnchecked("", { salt }),
  ],
  [
    "a salt must have 16 to 64 bytes",
    "ERR_KEY",
    () => deriveUnchecked("x", { salt: counting(15) }),
  ],
  [
    "iterations must be an integer from 100000 to 2000000",
    "ERR_KEY",
    () => deriveUnchecked("x", { salt, iterations: 99_999 }),
  ],
  ["encrypt: bytes: must be a Uint8Array", "ERR_VALIDATION", () => encrypt(chatKey, "x" as never)],
  [
    "encrypt: aad: must be a Uint8Array",
    "ERR_VALIDATION",
    () => encrypt(chatKey, salt, { aad: "x" as never }),
  ],
  [
    "encrypt: aad: must not begin with lacre/, which the library reserves",
    "ERR_VALIDATION",
    () => encrypt(chatKey, salt, { aad: hex("6c616372652f") }),
  ],
  ['content: kind: must be "text"', "ERR_VALIDATION", () => encryptWith({ content: {} })],
  [
    "content: text: must be text",
    "ERR_VALIDATION",
    () => encryptWith({ content: { kind: "text" } }),
  ],
  [
    "content: reply_to: must be a client id: a UUID in lower case, and not the nil UUID",
    "ERR_VALIDATION",
    () => encryptWith({ content: { ...content, reply_to: "x" } }),
  ],
  [
    "message: chat_id and sender_id must be positive integers, timestamp a time in seconds, client_id a UUID in lower case",
    "ERR_VALIDATION",
    () => encryptWith({ chat_id: 0 }),
  ],
  [
    "message: content: has more than 131072 bytes",
    "ERR_VALIDATION",
    () => encryptWith({ content: { kind: "text", text: "x".repeat(131_072) } }),
  ],
  [
    "message: content: has more than 720000 bytes encrypted",
    "ERR_VALIDATION",
    () =>
      encryptWith({ content: { kind: "text", text: noise(330_000) } }, { maxBodyBytes: 1_048_576 }),
  ],
  [
    "the content does not decrypt under this key",
    "ERR_DECRYPT",
    () => decrypt(chatKey, { nonce: counting(12), content: counting(16) }),
  ],
];

it.each(cases)("%s", async (expected, code, action) => {
  let error: unknown;
  try {
    await action();
  } catch (thrown) {
    error = thrown;
  }
  const { message, code: given } = (error ?? {}) as LacreError;
  expect({ message, code: given }).toEqual({ message: expected, code });
});
