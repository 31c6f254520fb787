import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  randomFillSync,
  timingSafeEqual,
} from "node:crypto";
import type { ChatMessage } from "lacre";
import { ENCRYPTION_SECRET, type Letter, SIGNING_SECRET } from "../messages.js";
import type { Entrant } from "./contender.js";

// Minimum cost of a frame of wire 2: a codec written for this one message, node:crypto with KeyObjects, no checks.
// It supports only one-byte chat and sender ids, no optional fields, and contents from 1 to 65,000 bytes.

const signingKey = createSecretKey(SIGNING_SECRET);
const encryptionKey = createSecretKey(ENCRYPTION_SECRET);

/** Random bytes for the ids of frames. */
const pool = Buffer.alloc(4096);
let used = pool.length;

function writeId(frame: Buffer, at: number): number {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += pool.copy(frame, at, used, used + 16);
  return at + 16;
}
const tagOptions = { authTagLength: 16 };

function hmac(bytes: Uint8Array): Buffer {
  return createHmac("sha256", signingKey).update(bytes).digest();
}

/** Signs a message. */
function sign({ chat_id, sender_id, content, nonce, timestamp }: ChatMessage): Buffer {
  const { length } = content;
  const payloadLength = 54 + (length <= 255 ? 2 : 3) + 14 + length;
  const frame = Buffer.allocUnsafe(46 + payloadLength + 34);
  let at = 0;
  at += frame.write("\x97\x02\xa0\xc4\x10", at, "latin1");
  at = writeId(frame, at);
  frame[at++] = 0xcb;
  at = frame.writeDoubleBE(timestamp, at);
  at += frame.write("\xa7message", at, "latin1");
  at = writeBinHead(frame, at, payloadLength);
  const start = at;
  at += frame.write("\x85\xa7chat_id", at, "latin1");
  frame[at++] = chat_id;
  at += frame.write("\xa9sender_id", at, "latin1");
  frame[at++] = sender_id;
  at += frame.write("\xa7content", at, "latin1");
  at = writeBinHead(frame, at, length);
  frame.set(content, at);
  at += length;
  at += frame.write("\xa5nonce\xc4\x0c", at, "latin1");
  frame.set(nonce, at);
  at += 12;
  at += frame.write("\xa9timestamp\xcb", at, "latin1");
  at = frame.writeDoubleBE(timestamp, at);
  if (at - start !== payloadLength) throw new Error(`${at - start} is not ${payloadLength}`);
  const tag = hmac(frame.subarray(0, at));
  frame[at++] = 0xc4;
  frame[at++] = 0x20;
  at += tag.copy(frame, at);
  return frame.subarray(0, at);
}

/** Verifies and decodes a signed frame. */
function open(frame: Buffer): ChatMessage {
  const covered = frame.subarray(0, -34);
  if (!timingSafeEqual(hmac(covered), frame.subarray(-32))) throw new Error("not authentic");
  let at = 38;
  at += (frame[at] === 0xc4 ? 2 : 3) + 9;
  const chat_id = frame[at]!;
  at += 11;
  const sender_id = frame[at]!;
  at += 9;
  const isShort = frame[at] === 0xc4;
  const length = isShort ? frame[at + 1]! : frame.readUInt16BE(at + 1);
  at += isShort ? 2 : 3;
  const content = new Uint8Array(frame.subarray(at, at + length));
  at += length + 8;
  const nonce = new Uint8Array(frame.subarray(at, at + 12));
  at += 12 + 11;
  return { chat_id, sender_id, content, nonce, timestamp: frame.readDoubleBE(at) };
}

function writeBinHead(frame: Buffer, at: number, length: number): number {
  if (length <= 255) {
    frame[at] = 0xc4;
    frame[at + 1] = length;
    return at + 2;
  }
  frame[at] = 0xc5;
  return frame.writeUInt16BE(length, at + 1);
}

/** Encrypts and signs a letter: padded MessagePack with AES-256-GCM. */
function encrypt({ chat_id, sender_id, timestamp, text }: Letter): Buffer {
  const head = 16 + (text.length <= 31 ? 1 : text.length <= 255 ? 2 : 3);
  let body = Buffer.allocUnsafe(head + text.length);
  let at = body.write("\x82\xa4kind\xa4text\xa4text", "latin1");
  if (text.length <= 31) body[at++] = 0xa0 | text.length;
  else if (text.length <= 255) {
    body[at++] = 0xd9;
    body[at++] = text.length;
  } else {
    body[at++] = 0xda;
    at = body.writeUInt16BE(text.length, at);
  }
  at += body.write(text, at);
  body = body.subarray(0, at);
  const plaintext = Buffer.alloc(paddedLength(5 + body.length));
  plaintext.writeUInt32BE(body.length, 1);
  body.copy(plaintext, 5);
  const nonce = randomFillSync(new Uint8Array(12));
  const cipher = createCipheriv("aes-256-gcm", encryptionKey, nonce, tagOptions);
  cipher.setAAD(aadOf(chat_id, sender_id, timestamp));
  const content = Buffer.allocUnsafe(plaintext.length + 16);
  cipher.update(plaintext).copy(content);
  cipher.final();
  cipher.getAuthTag().copy(content, plaintext.length);
  return sign({ chat_id, sender_id, content, nonce, timestamp });
}

/** Verifies, decrypts and decodes a frame with a letter. */
function decrypt(frame: Buffer): Letter {
  const { chat_id, sender_id, content, nonce, timestamp } = open(frame);
  const decipher = createDecipheriv("aes-256-gcm", encryptionKey, nonce, tagOptions);
  decipher.setAAD(aadOf(chat_id, sender_id, timestamp));
  decipher.setAuthTag(content.subarray(-16));
  const plaintext = decipher.update(content.subarray(0, -16));
  decipher.final();
  const body = plaintext.subarray(5, 5 + plaintext.readUInt32BE(1));
  const start = 16 + (body[16]! <= 0xbf ? 1 : body[16] === 0xd9 ? 2 : 3);
  return { chat_id, sender_id, timestamp, text: body.toString("utf8", start) };
}

function aadOf(chat_id: number, sender_id: number, timestamp: number): Buffer {
  const aad = Buffer.alloc(51);
  let at = aad.write("lacre/e2e/1", "latin1") + 4;
  at = aad.writeUInt32BE(chat_id, at) + 4;
  at = aad.writeUInt32BE(sender_id, at);
  const milliseconds = Math.floor(timestamp * 1000 + 0.5);
  at = aad.writeUInt32BE(Math.floor(milliseconds / 2 ** 32), at);
  aad.writeUInt32BE(milliseconds % 2 ** 32, at);
  return aad;
}

function paddedLength(length: number): number {
  const floored = Math.max(length, 128);
  const exponent = 31 - Math.clz32(floored);
  const granule = 2 ** (exponent - (32 - Math.clz32(exponent)));
  return Math.ceil(floored / granule) * granule;
}

export function raw(): Entrant {
  const name = "node:crypto, minimum";
  return {
    signing: [{ name, write: sign, read: (frame) => open(frame as Buffer) }],
    encrypting: [{ name, write: encrypt, read: (frame) => decrypt(frame as Buffer) }],
  };
}
