import { expect, it } from "vitest";
import { ChatKey, decrypt, deriveChatKey, encrypt, encryptMessage } from "../src/e2e/index.js";
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
import { bodyDigest, directionKeys } from "../src/session/index.js";
import { rawBin, rawFloat64, rawMap, rawText, rawWire1, rawWire2 } from "../src/testing/raw.js";
import { everyMessage, NOW, noise } from "./support/examples.js";
import { counting, hex } from "./support/hex.js";

// What each refusal says: an error is read by people, and its text is as much a promise as its code.

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
/** Where the payload of such a frame begins. */
const PAYLOAD_AT = 36;
const make = (changes: object) =>
  new MessageProtocol({ type: "t", payload: {}, timestamp: NOW, ...changes });
const chatKey = await ChatKey.from(counting(32));
const content = { kind: "text", text: "hola" } as const;
const encryptWith = (changes: object) =>
  encryptMessage(chatKey, { chat_id: 1, sender_id: 2, content, ...changes } as never);
const salt = counting(16);
const wire1Entries = Object.entries(fields).map(([name, value]) => [rawText(name), value] as const);
const entries = (names: string[]) =>
  rawMap(...names.map((name) => [rawText(name), fields[name as "type"] ?? rawText("")] as const));

const refusals: readonly (readonly [said: string, code: string, refused: () => unknown])[] = [
  // Bytes that are no frame.
  ["a frame is bytes: a Uint8Array or an ArrayBuffer", "ERR_MALFORMED", () => open("text")],
  [
    "malformed frame: it begins as neither wire 1 nor wire 2 does",
    "ERR_MALFORMED",
    () => open(new Uint8Array(3)),
  ],
  ...["", "81", "85", "96", "98"].map(
    (bytes) =>
      [
        "malformed frame: it begins as neither wire 1 nor wire 2 does",
        "ERR_MALFORMED",
        () => open(hex(bytes)),
      ] as const,
  ),
  [
    `frame beyond its bounds: ${frame.length} bytes of at most 9`,
    "ERR_BOUND_EXCEEDED",
    () => open(frame, { maxFrameBytes: 9 }),
  ],
  ["malformed frame: no type", "ERR_MALFORMED", () => open(entries(["payload", "timestamp"]))],
  ["malformed frame: no payload", "ERR_MALFORMED", () => open(entries(["type", "timestamp"]))],
  [
    "malformed frame: a key that wire 1 does not have",
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
    "malformed frame: a type has 1 to 64 bytes",
    "ERR_MALFORMED",
    () => wire1({ type: rawText("") }),
  ],
  [
    "malformed frame: the timestamp is neither a float64 nor an integer",
    "ERR_MALFORMED",
    () => wire1({ timestamp: rawText("") }),
  ],
  ["malformed frame: not version 2", "ERR_MALFORMED", () => wire2({ version: Uint8Array.of(3) })],
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
    "malformed frame: a key id has 0 to 64 bytes",
    "ERR_MALFORMED",
    () => wire2({ keyId: rawText("k".repeat(65)) }),
  ],
  [
    "malformed frame: a type has 1 to 64 bytes",
    "ERR_MALFORMED",
    () => wire2({ type: rawText("") }),
  ],
  [
    "malformed frame: the id is not a byte string",
    "ERR_MALFORMED",
    () => wire2({ id: rawText("id") }),
  ],
  [
    "malformed frame: the id has not 16 bytes",
    "ERR_MALFORMED",
    () => wire2({ id: rawBin(counting(15)) }),
  ],
  [
    "malformed frame: not a float64 for a timestamp",
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
  ["malformed frame: it ends too early", "ERR_MALFORMED", () => open(frame.subarray(0, -1))],
  ["malformed frame: bytes after the end", "ERR_MALFORMED", () => open(Uint8Array.of(...frame, 0))],
  // MessagePack that is refused.
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
    `malformed frame at byte ${PAYLOAD_AT + 4}: a key that the map has already`,
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
    `frame beyond its bounds: an integer past 2^53 at byte ${PAYLOAD_AT + 3}`,
    "ERR_BOUND_EXCEEDED",
    () => payload("81 a161 cf0020000000000000"),
  ],
  [
    "frame beyond its bounds: more than 16 containers in each other",
    "ERR_BOUND_EXCEEDED",
    () => payload(`81 a161 ${"91".repeat(20)}`),
  ],
  [
    "frame beyond its bounds: more than 65536 elements",
    "ERR_BOUND_EXCEEDED",
    () => payload("81 a161 dd00010000"),
  ],
  // Frames that are not let in.
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
  ["the frame came before", "ERR_REPLAYED", () => open(frame, { replay: { add: () => false } })],
  [
    "the frame expired before it came to the replay guard",
    "ERR_EXPIRED",
    () => new ReplayGuard().add(counting(32), NOW, NOW + 1),
  ],
  [
    "the replay guard holds 0 frames and takes no more until some expire: slow down, or give it more capacity",
    "ERR_REPLAY_GUARD_FULL",
    () => new ReplayGuard({ capacity: 0 }).add(counting(32), NOW, NOW),
  ],
  [
    "open needs a SigningKey or a Keyring as `key`",
    "ERR_KEY",
    () => open(frame, { key: "secret" }),
  ],
  // Messages that are none.
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
  ["message: id: only wire 2 has one", "ERR_VALIDATION", () => make({ id: "x" })],
  ["message: id: must be a UUID in lower case", "ERR_VALIDATION", () => make({ id: "x", wire: 2 })],
  [
    "message: payload: the frame would have more than 9 bytes",
    "ERR_VALIDATION",
    () => make({ maxFrameBytes: 9 }),
  ],
  ["payload: not a plain object", "ERR_VALIDATION", () => make({ payload: [] })],
  [
    "payload: a.0: text with a lone surrogate",
    "ERR_VALIDATION",
    () => make({ payload: { a: ["\ud800"] } }),
  ],
  [
    "payload: a: only nil, booleans, numbers, text, bytes, arrays and plain objects can travel",
    "ERR_VALIDATION",
    () => make({ payload: { a: new Date() } }),
  ],
  [
    "payload: constructor: a forbidden key",
    "ERR_VALIDATION",
    () => make({ payload: { constructor: 1 } }),
  ],
  [
    "payload: timestamp: a timestamp that is not finite",
    "ERR_VALIDATION",
    () => make({ payload: { timestamp: Number.NaN } }),
  ],
  ["sign needs a SigningKey", "ERR_KEY", () => make({}).sign({} as never)],
  [
    "sign: timestamp: the frame came without one, so that no signature of it would verify",
    "ERR_VALIDATION",
    () => MessageProtocol.fromBytes(entries(["type", "payload"])).sign(key),
  ],
  [
    "a wire 2 message has no bytes before it is signed: sign(key).toBytes()",
    "ERR_UNSIGNED",
    () => make({ wire: 2 }).toBytes({ unsigned: true }),
  ],
  [
    "the message is unsigned: sign(key).toBytes(), or toBytes({ unsigned: true }) where that is meant",
    "ERR_UNSIGNED",
    () => make({}).toBytes(),
  ],
  [
    "ack: type: is another message's type",
    "ERR_VALIDATION",
    () => everyMessage.ack!.definition.fromProtocol(make({})),
  ],
  [
    "registry: ack: has two definitions",
    "ERR_VALIDATION",
    () => createRegistry([everyMessage.ack!.definition, everyMessage.ack!.definition] as never),
  ],
  [
    "registry: unknown: stands for types without a definition",
    "ERR_VALIDATION",
    () => createRegistry([defineMessage("unknown", everyMessage.ack!.definition.schema)]),
  ],
  ["message: no client makes such a header", "ERR_VALIDATION", () => bodyDigest({} as never)],
  // Keys that are none.
  ["the secret is empty or all zero", "ERR_KEY", () => SigningKey.from("")],
  ["the secret is empty or all zero", "ERR_KEY", () => SigningKey.from(new Uint8Array(32))],
  [
    "the secret has a lone surrogate, which has no UTF-8",
    "ERR_KEY",
    () => SigningKey.from("\ud800"),
  ],
  ["a secret is text or a Uint8Array", "ERR_KEY", () => SigningKey.from(7 as never)],
  [
    "a key id is well-formed text of at most 64 UTF-8 bytes",
    "ERR_KEY",
    () => SigningKey.generate({ id: "k".repeat(65) }),
  ],
  [
    "a label has 1 to 32 of the characters a-z, 0-9 and -",
    "ERR_KEY",
    () => SigningKey.derive("secret", "A"),
  ],
  [
    "a salt is a Uint8Array",
    "ERR_KEY",
    () => SigningKey.derive("secret", "a", { salt: "salt" as never }),
  ],
  ["a keyring holds SigningKeys", "ERR_KEY", () => new Keyring(["secret" as never])],
  ["a keyring holds 1 to 8 keys", "ERR_KEY", () => new Keyring([])],
  ["two keys of the keyring have one id", "ERR_KEY", () => new Keyring([key, key])],
  [
    "a server's secret has at least 32 bytes",
    "ERR_KEY",
    () => deriveSessionKey(counting(31), counting(16)),
  ],
  ["a session's id has 16 bytes", "ERR_KEY", () => deriveSessionKey(counting(32), counting(15))],
  ["a session key has 32 bytes", "ERR_KEY", () => directionKeys(counting(31))],
  // End to end.
  ["a chat key is 32 bytes that are not all zero", "ERR_KEY", () => ChatKey.from(counting(31))],
  [
    "a chat key is 32 bytes that are not all zero",
    "ERR_KEY",
    () => ChatKey.from(new Uint8Array(32)),
  ],
  [
    "a chat key is 32 bytes, or a CryptoKey of AES-GCM with 256 bits for both uses",
    "ERR_KEY",
    () => ChatKey.from({} as never),
  ],
  ["a key check has 16 bytes", "ERR_KEY", () => chatKey.assertCheck(counting(15))],
  [
    "wrong passphrase: it makes another key than the chat's",
    "ERR_WRONG_PASSPHRASE",
    () => chatKey.assertCheck(counting(16)),
  ],
  [
    "the key is not extractable: derive it with { extractable: true }",
    "ERR_KEY",
    () => chatKey.export(),
  ],
  [
    "a ChatKey is needed, as deriveChatKey makes it",
    "ERR_KEY",
    () => encrypt({} as never, counting(1)),
  ],
  [
    "a passphrase is well-formed text that is not empty",
    "ERR_KEY",
    () => deriveChatKey("", { salt }),
  ],
  ["a salt has 16 to 64 bytes", "ERR_KEY", () => deriveChatKey("x", { salt: counting(15) })],
  [
    "iterations are a whole number from 100000 to 2000000",
    "ERR_KEY",
    () => deriveChatKey("x", { salt, iterations: 99_999 }),
  ],
  ["encrypt: bytes: must be a Uint8Array", "ERR_VALIDATION", () => encrypt(chatKey, "x" as never)],
  [
    "encrypt: aad: must be a Uint8Array",
    "ERR_VALIDATION",
    () => encrypt(chatKey, salt, { aad: "x" as never }),
  ],
  [
    "encrypt: aad: must not begin with lacre/, which is the library's own",
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
    "message: content: has more than 1048576 bytes",
    "ERR_VALIDATION",
    () => encryptWith({ content: { kind: "text", text: "x".repeat(1_048_576) } }),
  ],
  [
    "message: content: has more than 720000 bytes encrypted",
    "ERR_VALIDATION",
    () => encryptWith({ content: { kind: "text", text: noise(330_000) } }),
  ],
  [
    "the content does not decrypt under this key",
    "ERR_DECRYPT",
    () => decrypt(chatKey, { nonce: counting(12), content: counting(16) }),
  ],
];

it.each(refusals)("%s", async (said, code, refused) => {
  let error: unknown;
  try {
    await refused();
  } catch (thrown) {
    error = thrown;
  }
  const { message, code: given } = (error ?? {}) as LacreError;
  expect({ message, code: given }).toEqual({ message: said, code });
});
