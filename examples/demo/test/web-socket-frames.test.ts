import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { webSocketMessages } from "../src/web-socket-frames.js";

const HEAD = Buffer.from("GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n");

function frame(payload: Buffer, { first = 0x82, isMasked = true } = {}): Buffer {
  const { length } = payload;
  const short = length < 126 ? length : length < 65_536 ? 126 : 127;
  const extended = Buffer.alloc(short === 126 ? 2 : short === 127 ? 8 : 0);
  if (short === 126) extended.writeUInt16BE(length);
  if (short === 127) extended.writeBigUInt64BE(BigInt(length));
  const mask = isMasked ? randomBytes(4) : Buffer.alloc(0);
  const body = Buffer.from(payload.map((byte, at) => (isMasked ? byte ^ mask[at % 4]! : byte)));
  return Buffer.concat([Buffer.from([first, short | (isMasked ? 0x80 : 0)]), extended, mask, body]);
}

const hex = (bytes: Buffer) => bytes.toString("hex");

it("webSocketMessages unmasks frames of every length", () => {
  const payloads = [0, 1, 125, 126, 65_535, 65_536, 200_000].map((length) => randomBytes(length));
  const masked = Buffer.concat([HEAD, ...payloads.map((payload) => frame(payload))]);
  expect(webSocketMessages(masked).map(hex)).toEqual(payloads.map(hex));
  const bare = Buffer.concat([HEAD, ...payloads.map((bytes) => frame(bytes, { isMasked: false }))]);
  expect(webSocketMessages(bare).map(hex)).toEqual(payloads.map(hex));
});

it("webSocketMessages joins fragments, and omits a ping between them", () => {
  const recorded = Buffer.concat([
    HEAD,
    frame(Buffer.from("one "), { first: 0x02 }),
    frame(Buffer.from("ping"), { first: 0x89 }),
    frame(Buffer.from("two "), { first: 0x00 }),
    frame(Buffer.from("three"), { first: 0x80 }),
    frame(Buffer.from("cut off")).subarray(0, -1),
  ]);
  expect(webSocketMessages(recorded).map(String)).toEqual(["one two three"]);
});

it("webSocketMessages rejects a compressed connection", () => {
  const recorded = Buffer.concat([HEAD, frame(Buffer.from("x"), { first: 0xc2 })]);
  expect(() => webSocketMessages(recorded)).toThrow("compressed");
});

it("webSocketMessages returns no messages for plain HTTP", () => {
  expect(webSocketMessages(Buffer.from("POST /chats HTTP/1.1\r\n\r\n{}"))).toEqual([]);
});
