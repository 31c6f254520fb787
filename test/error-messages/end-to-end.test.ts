import { describe } from "vitest";
import { deriveUnchecked } from "../../src/e2e/derive-chat-key.js";
import {
  ChatKey,
  decrypt,
  deriveChatKey,
  type EncryptMessageOptions,
  encrypt,
  encryptMessage,
} from "../../src/e2e/index.js";
import { noise } from "../support/examples.js";
import { counting, hex } from "../support/hex.js";
import { itHasMessages } from "./fixture.js";

const chatKey = await ChatKey.from(counting(32));
const content = { kind: "text", text: "hola" } as const;
const encryptWith = (changes: object, options?: EncryptMessageOptions) =>
  encryptMessage(chatKey, { chat_id: 1, sender_id: 2, content, ...changes } as never, options);
const salt = counting(16);

describe("of end-to-end encryption with invalid input, the error is", () => {
  itHasMessages([
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
    [
      "encrypt: bytes: must be a Uint8Array",
      "ERR_VALIDATION",
      () => encrypt(chatKey, "x" as never),
    ],
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
    [
      'content: kind: must be "text", or in options.contents',
      "ERR_VALIDATION",
      () => encryptWith({ content: {} }),
    ],
    [
      "argument: options.contents: must be definitions of different kinds",
      "ERR_VALIDATION",
      () => encryptWith({}, { contents: [{}] as never }),
    ],
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
        encryptWith(
          { content: { kind: "text", text: noise(330_000) } },
          { maxBodyBytes: 1_048_576 },
        ),
    ],
    [
      "the content does not decrypt under this key",
      "ERR_DECRYPT",
      () => decrypt(chatKey, { nonce: counting(12), content: counting(16) }),
    ],
  ]);
});
