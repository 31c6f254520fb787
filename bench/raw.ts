import { createHmac, createSecretKey, timingSafeEqual } from "node:crypto";

/** What a frame of wire 2 costs at the least: a codec written for this one message, node:crypto with a KeyObject, no checks. */
export interface RawMessage {
  chat_id: number;
  sender_id: number;
  content: Uint8Array;
  nonce: Uint8Array;
  timestamp: number;
}

const key = createSecretKey(Buffer.alloc(32, 7));
const id = Buffer.alloc(16, 1);

function hmac(bytes: Uint8Array): Buffer {
  return createHmac("sha256", key).update(bytes).digest();
}

/** Signs a message with a content of 256 to 65,000 bytes, or of fewer. */
export function rawSign(message: RawMessage): Buffer {
  const { length } = message.content;
  const headOfContent = length <= 255 ? 2 : 3;
  const payloadLength = 1 + 8 + 1 + 10 + 1 + 8 + headOfContent + length + 6 + 14 + 10 + 9;
  const frame = Buffer.allocUnsafe(3 + 18 + 9 + 8 + 3 + payloadLength + 34);
  let at = 0;
  at += frame.write("\x97\x02\xa0\xc4\x10", at, "latin1");
  at += id.copy(frame, at);
  frame[at++] = 0xcb;
  at = frame.writeDoubleBE(message.timestamp, at);
  at += frame.write("\xa7message\xc5", at, "latin1");
  const payloadLengthAt = at;
  at += 2;
  at += frame.write("\x85\xa7chat_id", at, "latin1");
  frame[at++] = message.chat_id;
  at += frame.write("\xa9sender_id", at, "latin1");
  frame[at++] = message.sender_id;
  at += frame.write("\xa7content", at, "latin1");
  if (length <= 255) {
    frame[at++] = 0xc4;
    frame[at++] = length;
  } else {
    frame[at++] = 0xc5;
    at = frame.writeUInt16BE(length, at);
  }
  frame.set(message.content, at);
  at += length;
  at += frame.write("\xa5nonce\xc4\x0c", at, "latin1");
  frame.set(message.nonce, at);
  at += 12;
  at += frame.write("\xa9timestamp\xcb", at, "latin1");
  at = frame.writeDoubleBE(message.timestamp, at);
  frame.writeUInt16BE(at - payloadLengthAt - 2, payloadLengthAt);
  const tag = hmac(frame.subarray(0, at));
  frame[at++] = 0xc4;
  frame[at++] = 0x20;
  at += tag.copy(frame, at);
  return frame.subarray(0, at);
}

/** Verifies and reads such a frame. */
export function rawOpen(frame: Buffer): RawMessage {
  const covered = frame.subarray(0, -34);
  if (!timingSafeEqual(hmac(covered), frame.subarray(-32))) throw new Error("not authentic");
  let at = 3 + 18 + 9 + 8 + 3 + 1 + 8;
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
