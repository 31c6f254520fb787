import * as z from "zod/mini";
import { encodeUtf8 } from "../../src/bytes.js";
import { pbkdf2Sha256 } from "../../src/crypto/pbkdf2.js";
import {
  type ChatCipher,
  ChatKey,
  chatCipher,
  decrypt,
  decryptMessage,
  deriveChatKey,
  type Encrypted,
  encrypt,
  encryptMessage,
} from "../../src/e2e/index.js";
import { bytes, type ChatMessage, type ContentOf, defineContent } from "../../src/index.js";
import { counting } from "../support/hex.js";
import { type Case, NOW, SECRET } from "./case.js";

const key = await ChatKey.from(SECRET, { extractable: true });
const handle = (await globalThis.crypto?.subtle?.importKey(
  "raw",
  SECRET as BufferSource,
  "AES-GCM",
  false,
  ["encrypt", "decrypt"],
)) as CryptoKey;
const encryptedCheck = await key.encryptCheck();
const aad = counting(9);
const ciphertext = await encrypt(key, counting(50), { aad });
const message = {
  chat_id: 42,
  sender_id: 7,
  timestamp: NOW,
  client_id: "018bcfe5-687b-7abc-8def-0123456789ab",
  content: { kind: "text", text: "hola" },
} as const;
const encrypted = await encryptMessage(key, message);
const Picture = defineContent("picture", z.object({ data: bytes({ max: 9 }) }), { fallback: "" });
const contents = [Picture];
const picture = { kind: "picture", data: counting(9) } as const;
const encryptedPicture = await encryptMessage(key, { ...message, content: picture }, { contents });
/** Passphrase of an earlier version, which kept white space at its ends. Derivation succeeds at the second attempt. */
const earlier = " café ";
const salt = counting(16);
const { check } = await ChatKey.from(
  await pbkdf2Sha256(encodeUtf8(earlier), counting(16), 100_000),
);

const seen = async (of: ChatKey) => ({
  check: of.check,
  bytes: of.export(),
  opened: await decrypt(of, ciphertext, { aad }).catch(String),
});

export const cases: readonly Case[] = [
  {
    names: ["ChatKey.from", "ChatKey#check", "ChatKey#export", "ChatKey#cryptoKey"],
    args: (bytes) => [bytes(SECRET), { extractable: true }],
    call: (material: Uint8Array, options: object) => ChatKey.from(material, options),
    later: seen,
  },
  ...(handle === undefined
    ? []
    : [
        {
          names: ["ChatKey.from"],
          args: (bytes: (of: Uint8Array) => Uint8Array) => [
            { encryptedCheck: bytes(encryptedCheck) },
          ],
          call: (options: { encryptedCheck: Uint8Array }) => ChatKey.from(handle, options),
          later: async (of: ChatKey) => [of.check, await decrypt(of, ciphertext, { aad })],
        } satisfies Case,
      ]),
  {
    names: ["ChatKey#assertCheck"],
    args: (bytes) => [bytes(key.check)],
    call: (given: Uint8Array) => key.assertCheck(given),
    later: () => seen(key),
  },
  {
    names: ["deriveChatKey"],
    args: (bytes) => [
      earlier,
      { salt: bytes(salt), check: bytes(check), iterations: 100_000, extractable: true },
    ],
    call: (...args: Parameters<typeof deriveChatKey>) => deriveChatKey(...args),
    later: (of: ChatKey) => [of.check, of.export()],
  },
  {
    names: ["encrypt"],
    args: (bytes) => [key, bytes(counting(50)), { aad: bytes(aad) }],
    call: encrypt,
    later: (of: Encrypted) => decrypt(key, of, { aad }),
  },
  {
    names: ["decrypt"],
    args: (bytes) => {
      const { nonce, content } = ciphertext;
      return [key, { nonce: bytes(nonce), content: bytes(content) }, { aad: bytes(aad) }];
    },
    call: decrypt,
  },
  {
    names: ["encryptMessage"],
    args: () => [key, { ...message, content: { ...message.content } }],
    call: encryptMessage,
    later: (of: ChatMessage) => decryptMessage(key, of),
  },
  {
    names: ["encryptMessage", "ContentDefinition#encode"],
    args: (bytes) => [
      key,
      { ...message, content: { kind: "picture", data: bytes(picture.data) } },
      { contents: [...contents] },
    ],
    call: encryptMessage,
    later: (of: ChatMessage) => decryptMessage(key, of, { contents }),
  },
  {
    names: ["decryptMessage", "ContentDefinition#decode"],
    args: (bytes) => {
      const { nonce, content, ...header } = encryptedPicture;
      const own = { ...header, nonce: bytes(nonce), content: bytes(content) };
      return [key, own, { contents: [...contents] }];
    },
    call: decryptMessage,
    later: (of: ContentOf<typeof Picture>) => String(of.data),
  },
  {
    names: ["chatCipher"],
    args: () => [key, { contents: [...contents], maxBodyBytes: 100 }],
    call: chatCipher,
    later: async (cipher: ChatCipher<typeof picture>) =>
      cipher.decrypt(await cipher.encrypt({ ...message, content: picture })),
  },
  {
    names: ["decryptMessage"],
    args: (bytes) => {
      const { nonce, content, ...header } = encrypted;
      return [key, { ...header, nonce: bytes(nonce), content: bytes(content) }];
    },
    call: decryptMessage,
  },
];

export const without: readonly string[] = [
  "ChatKey#encryptCheck",
  "createChatKey",
  "preparePassphrase",
];
