import { encode } from "@msgpack/msgpack";
import { describe, expect, it } from "vitest";
import {
  createRegistry,
  DecodeError,
  Hello,
  LacreError,
  MessageListResponse,
  MessageProtocol,
  SigningKey,
  VerifyError,
} from "../../src/index.js";
import { rawFloat64, rawText, rawWire2 } from "../../src/testing/raw.js";
import { NOW } from "../support/examples.js";
import { memoryInUse } from "../support/memory.js";

const key = SigningKey.from("a secret that both ends share");

/** Returns approximately the bytes of memory that `work` allocates. */
function memoryOf(work: () => void): number {
  const before = memoryInUse();
  work();
  return memoryInUse() - before;
}
const numericMaps = (count: number, key = "1023") =>
  Array.from({ length: count }, () => ({ [key]: 0 }));

describe("an unauthenticated frame", () => {
  it("is not decoded in place of a text or a timestamp", () => {
    for (const [key, rest] of [
      ["type", {}],
      ["timestamp", { type: "t" }],
      ["signature", { type: "t" }],
    ] as const) {
      const frame = encode({ ...rest, payload: {}, [key]: numericMaps(32_000) }, { maxDepth: 9 });
      expect(
        memoryOf(() => expect(() => MessageProtocol.fromBytes(frame)).toThrow(DecodeError)),
      ).toBeLessThan(30e6);
    }
  });

  it("with keys that look like array indices is rejected", () => {
    const payload = Object.fromEntries(
      Array.from({ length: 60_000 }, (_, at) => [String(at * 32_768), 0]),
    );
    const frame = encode({ type: "t", payload }, { maxDepth: 9 });
    expect(() => MessageProtocol.open(frame, { key })).toThrow(VerifyError);
  });

  it("with a long signature does not verify", () => {
    const frame = encode({
      type: "t",
      payload: {},
      timestamp: 1.5,
      signature: "a".repeat(1_000_000),
    });
    expect(MessageProtocol.fromBytes(frame).verify(key)).toBe(false);
  });

  it("with a detached buffer is rejected", () => {
    const bytes = new Uint8Array(100);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    const message = "the frame's buffer is detached";
    const expected = expect.objectContaining({
      name: "DecodeError",
      message,
      cause: expect.any(TypeError),
    });
    expect(() => MessageProtocol.fromBytes(bytes)).toThrow(expected);
    expect(() => MessageProtocol.fromBytes(bytes.buffer)).toThrow(expected);
  });
});

describe("an authenticated malicious frame", () => {
  const withMaps = (count: number, index: string) => {
    const payload = new Uint8Array(
      encode({ a: Array.from({ length: count }, () => ({ [index]: 0 })) }),
    );
    return rawWire2(key, { type: rawText("t"), timestamp: rawFloat64(NOW), payload });
  };

  it.each(["1023", "999"])(
    "with maps of keys that look like array indices needs little memory: %s",
    (index) => {
      const frame = withMaps(1024, index);
      let message: MessageProtocol | undefined;
      expect(
        memoryOf(() => {
          message = MessageProtocol.open(frame, { key, now: NOW });
        }),
      ).toBeLessThan(10e6);
      expect(message!.payload.a).toHaveLength(1024);
      expect((message!.payload.a as object[])[0]).toEqual({ [index]: 0 });
      expect(Object.keys((message!.payload.a as object[])[0]!)).toEqual([index]);
    },
  );

  it("has at most 1024 maps with numeric keys", () => {
    const expected = expect.objectContaining({ code: "ERR_BOUND_EXCEEDED" });
    const open = (frame: Uint8Array) => MessageProtocol.open(frame, { key, now: NOW });
    expect(() => open(withMaps(1025, "1023"))).toThrow(expected);
    expect(() => open(withMaps(30_000, "0"))).toThrow(expected);
    expect(open(withMaps(30_000, "a")).payload.a).toHaveLength(30_000);
    const fields = (length: number) => ({ type: "t", payload: { a: numericMaps(length, "1023") } });
    expect(() => new MessageProtocol(fields(1024))).not.toThrow();
    expect(() => new MessageProtocol(fields(1025))).toThrow(
      "payload: a.1024.1023: more than 1024 maps with numeric keys",
    );
  });

  it("with more issues than zod can collect causes one short ValidationError", () => {
    const list = new MessageProtocol({
      type: "message_list",
      payload: { messages: Array(60_000).fill({}), has_more: false },
    });
    const parsed = createRegistry([MessageListResponse]).safeParse(list);
    expect(!parsed.success && parsed.error.code).toBe("ERR_VALIDATION");
    const hello = Hello.safeParse({
      nonce: new Uint8Array(16),
      wires: Array(60_000).fill(""),
      capabilities: [],
    });
    expect(!hello.success && hello.error.message.length).toBeLessThan(2_000);
    expect(!hello.success && hello.error.message).toBe("hello: does not match its schema");
  });
});

it("thousands of nils in a list are each checked once", () => {
  const wires = Array(60_000).fill(null);
  const hello = Hello.safeParse({ nonce: new Uint8Array(16), wires, capabilities: [] });
  expect(!hello.success && hello.error.message).toBe("hello: does not match its schema");
});

it("a replay store accepts a frame by returning true only", () => {
  const bytes = new MessageProtocol({ type: "t", payload: {}, timestamp: NOW }).sign(key).toBytes();
  for (const answer of [false, undefined, null, Promise.resolve(true), 1]) {
    const replay = { add: () => answer as boolean };
    expect(() => MessageProtocol.open(bytes, { key, now: NOW, replay })).toThrow(LacreError);
  }
});

it("options given as text do not widen the time window", () => {
  const bytes = new MessageProtocol({ type: "t", payload: {}, timestamp: NOW }).sign(key).toBytes();
  const options = { key, now: NOW + 5000, maxAge: "300" as never };
  expect(() => MessageProtocol.open(bytes, options)).toThrow(
    "argument: options.maxAge: must be a number of at least 0",
  );
});
