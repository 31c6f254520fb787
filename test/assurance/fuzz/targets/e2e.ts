import { inflate } from "../../../../src/crypto/inflate.js";
import { inflate as byZlib } from "../../../../src/crypto/native.node.js";
import { decodeContent, kindsOf } from "../../../../src/e2e/content.js";
import { encryptBytes } from "../../../../src/e2e/encrypt.js";
import { ChatKey, decrypt, decryptMessage } from "../../../../src/e2e/index.js";
import { pad, unpad } from "../../../../src/e2e/padding.js";
import { chatMessageAad } from "../../../../src/messages/chat-message-aad.js";
import { Image } from "../../../support/image.js";
import { bodies, deflated, NOW, plaintexts } from "../seeds.js";
import { type FuzzTarget, holds, shapeOf } from "../target.js";

const LONGEST = 1_048_576;
const key = await ChatKey.from(new Uint8Array(32).fill(7));
const header = { chat_id: 42, sender_id: 7, timestamp: NOW };
const aad = chatMessageAad(header)!;
const genuine = await encryptBytes(key, plaintexts[0]!, aad);
const NONCE = genuine.nonce;
const KINDS = kindsOf([Image]);

export const e2eTargets: readonly FuzzTarget[] = [
  {
    name: "inflate",
    weight: 8,
    seeds: deflated,
    run(input) {
      const inflated = inflate(input, LONGEST);
      return inflated === undefined ? "broken" : `${Math.clz32(inflated.length)}`;
    },
  },
  {
    name: "inflate, against zlib",
    weight: 1,
    seeds: deflated,
    run(input) {
      const [ours, theirs] = [inflate(input, LONGEST), byZlib(input, LONGEST)];
      const isSame =
        ours === undefined
          ? theirs === undefined
          : theirs !== undefined && Buffer.compare(ours, theirs) === 0;
      holds(isSame, "inflate accepts exactly what zlib accepts");
      return ours === undefined ? "broken" : `${Math.clz32(ours.length)}`;
    },
  },
  {
    name: "unpad",
    weight: 4,
    seeds: plaintexts,
    run(input) {
      const padded = unpad(input);
      if (padded === undefined) return "rejected";
      holds(Buffer.compare(pad(padded), input) === 0, "one body has one padding");
      return `${padded.isCompressed} ${Math.clz32(padded.body.length)}`;
    },
  },
  {
    name: "decodeContent",
    weight: 6,
    seeds: bodies,
    run(input) {
      const content = decodeContent(input, KINDS);
      return content === undefined ? "rejected" : shapeOf(content);
    },
  },
  {
    name: "decryptMessage, with a valid tag",
    weight: 1,
    seeds: plaintexts,
    async run(input) {
      const encrypted = await encryptBytes(key, input, aad);
      return shapeOf(await decryptMessage(key, { ...header, ...encrypted }));
    },
  },
  {
    name: "decrypt, decryptMessage",
    weight: 1,
    seeds: [genuine.content],
    async run(input) {
      const encrypted = { nonce: NONCE, content: input };
      if (Buffer.compare(input, genuine.content) === 0) return "the seed";
      const opened = await decryptMessage(key, { ...header, ...encrypted }).catch(codeOf);
      const raw = await decrypt(key, encrypted).catch(codeOf);
      holds(opened === "ERR_DECRYPT" && raw === "ERR_DECRYPT", "no forged ciphertext decrypts");
      return "rejected";
    },
  },
];

function codeOf(error: { readonly code?: unknown }): unknown {
  return error.code;
}
