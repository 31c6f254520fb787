import { describe, expect, it } from "vitest";
import {
  DecodeError,
  LacreError,
  MessageProtocol,
  SigningKey,
  VerifyError,
} from "../../src/index.js";
import { everyMessage, NOW, wires } from "../support/examples.js";
import { asBuffer, hex } from "../support/hex.js";

const key = SigningKey.from("a secret that both ends share", { id: "k1" });
const open = (bytes: Uint8Array) => MessageProtocol.open(bytes, { key, now: NOW });

/** Opens untrusted bytes. Fails if another error than the library's is thrown, or if unsigned bytes verify. */
function outcome(bytes: Uint8Array): "opened" | LacreError {
  try {
    if (MessageProtocol.fromBytes(bytes).verify(key)) return "opened";
  } catch (error) {
    if (!(error instanceof LacreError)) throw error;
  }
  try {
    open(bytes);
    return "opened";
  } catch (error) {
    if (error instanceof LacreError) return error;
    throw error;
  }
}

const frames = wires.flatMap((wire) =>
  Object.entries(everyMessage).map(([type, { envelop }]) => ({
    name: `${type} on wire ${wire}`,
    bytes: envelop(key, { wire, timestamp: NOW }).toBytes(),
  })),
);

describe.each(frames)("$name", ({ bytes }) => {
  it("opens unchanged", () => {
    expect(open(bytes).verify(key)).toBe(true);
  });

  it("does not open with any bit changed", () => {
    for (let at = 0; at < bytes.length; at++) {
      for (const change of [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff]) {
        const changed = bytes.slice();
        changed[at]! ^= change;
        const result = outcome(changed);
        if (result === "opened") throw new Error(`byte ${at} changed by ${change} went unnoticed`);
      }
    }
  });

  it("does not open truncated, at any length", () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(outcome(bytes.subarray(0, length))).toBeInstanceOf(LacreError);
    }
  });

  it("does not open with bytes after its end", () => {
    for (const byte of [0x00, 0x80, 0xc0, 0xff]) {
      expect(outcome(Uint8Array.of(...bytes, byte))).toBeInstanceOf(DecodeError);
    }
  });
});

describe("MessageProtocol.open, for malicious bytes,", () => {
  const payload = (value: string) => hex(`82 a474797065 a474657374 a77061796c6f6164 ${value}`);

  it.each([
    ["a map that declares 2^32 entries in 40 bytes", `df ffffffff ${"00".repeat(16)}`],
    ["an array that declares 2^32 elements, in 40 bytes", `81 a161 dd ffffffff ${"00".repeat(12)}`],
    ["180 kB of nested arrays", `81 a161 ${"91".repeat(180_000)}`],
    ["180 kB of nested maps", `${"81a161".repeat(60_000)}`],
  ])("rejects %s", (_, value) => {
    expect(outcome(payload(value))).toBeInstanceOf(DecodeError);
  });

  it.each([
    "",
    "00",
    "c0",
    "80",
    "81 a474797065 a474657374",
    "85",
    "90",
    "96",
    "97",
    "98",
    "9702",
    "de0004",
    "97 01 a0",
    "97 03 a0",
    "dc0007 02",
  ])("rejects bytes that are not a frame: %s", (bytes) => {
    expect(outcome(hex(bytes))).toBeInstanceOf(DecodeError);
  });

  it.each([
    ["text"],
    [undefined],
    [null],
    [42],
    [{}],
    [[0x84]],
    [new Uint16Array(4)],
    [new DataView(new ArrayBuffer(4))],
  ])("rejects a value that is not bytes: %o", (value) => {
    expect(() => MessageProtocol.fromBytes(value as never)).toThrow(DecodeError);
    expect(() => MessageProtocol.open(value as never, { key })).toThrow(DecodeError);
  });

  it("rejects a frame that is one byte over the limit", () => {
    const bytes = everyMessage.message!.envelop(key, { timestamp: NOW }).toBytes();
    expect(MessageProtocol.fromBytes(bytes, { maxFrameBytes: bytes.length }).type).toBe("message");
    expect(() => MessageProtocol.fromBytes(bytes, { maxFrameBytes: bytes.length - 1 })).toThrow(
      expect.objectContaining({ code: "ERR_BOUND_EXCEEDED" }),
    );
    expect(() => MessageProtocol.fromBytes(new Uint8Array(1_048_577))).toThrow(
      expect.objectContaining({ code: "ERR_BOUND_EXCEEDED" }),
    );
    expect(() => MessageProtocol.fromBytes(new Uint8Array(1_048_576))).toThrow(
      expect.objectContaining({ code: "ERR_MALFORMED" }),
    );
  });

  it("accepts an ArrayBuffer and a Buffer", () => {
    const bytes = everyMessage.ack!.envelop(key, { timestamp: NOW }).toBytes();
    expect(open(asBuffer(bytes)).type).toBe("ack");
    const message = MessageProtocol.open(bytes.buffer as ArrayBuffer, { key, now: NOW });
    const copy = bytes.slice();
    bytes.fill(0);
    expect(message.type).toBe("ack");
    expect(message.toBytes()).toEqual(copy);
  });

  it("decodes a wire 2 payload only after it is verified", () => {
    const mallory = SigningKey.from("a secret of mallory's", { id: "k1" });
    const frame = everyMessage.ack!.envelop(mallory, { wire: 2, timestamp: NOW }).toBytes();
    const payloadStart = frame.indexOf(0xc4, 36) + 2;
    frame.fill(0xc1, payloadStart, frame.length - 34);
    const received = MessageProtocol.fromBytes(frame);
    expect(received.verify(key)).toBe(false);
    expect(() => open(frame)).toThrow(VerifyError);
    expect(() => received.payload).toThrow(DecodeError);
  });
});
