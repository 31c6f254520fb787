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
import { NOW } from "../support/examples.js";
import { memoryInUse } from "../support/memory.js";

const key = SigningKey.from("a secret that both ends share");

/** Bytes of memory that `work` leaves behind or reaches, roughly. */
function memoryOf(work: () => void): number {
  const before = memoryInUse();
  work();
  return memoryInUse() - before;
}
const bombs = (count: number, key = "1023") => Array.from({ length: count }, () => ({ [key]: 0 }));

describe("what comes before authentication", () => {
  it("is not decoded where a text or a time should stand", () => {
    for (const [key, rest] of [
      ["type", {}],
      ["timestamp", { type: "t" }],
      ["signature", { type: "t" }],
    ] as const) {
      const frame = encode({ ...rest, payload: {}, [key]: bombs(32_000) }, { maxDepth: 9 });
      expect(
        memoryOf(() => expect(() => MessageProtocol.fromBytes(frame)).toThrow(DecodeError)),
      ).toBeLessThan(30e6);
    }
  });

  it("may have keys that look like array indices", () => {
    const payload = Object.fromEntries(
      Array.from({ length: 60_000 }, (_, at) => [String(at * 32_768), 0]),
    );
    const frame = encode({ type: "t", payload }, { maxDepth: 9 });
    expect(() => MessageProtocol.open(frame, { key })).toThrow(VerifyError);
  });

  it("may have a signature of any length", () => {
    const frame = encode({
      type: "t",
      payload: {},
      timestamp: 1.5,
      signature: "a".repeat(1_000_000),
    });
    expect(MessageProtocol.fromBytes(frame).verify(key)).toBe(false);
  });

  it("may be transferred away", () => {
    const bytes = new Uint8Array(100);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    const message = "a frame is bytes, and these were transferred away";
    const refused = expect.objectContaining({
      name: "DecodeError",
      message,
      cause: expect.any(TypeError),
    });
    expect(() => MessageProtocol.fromBytes(bytes)).toThrow(refused);
    expect(() => MessageProtocol.fromBytes(bytes.buffer)).toThrow(refused);
  });
});

describe("what is authentic and hostile", () => {
  it.each(["1023", "999"])("may have maps of keys that look like array indices: %s", (index) => {
    const frame = new MessageProtocol({
      type: "t",
      payload: { a: bombs(30_000, index) },
      wire: 2,
      timestamp: NOW,
    })
      .sign(key)
      .toBytes();
    let message: MessageProtocol | undefined;
    expect(
      memoryOf(() => {
        message = MessageProtocol.open(frame, { key, now: NOW });
      }),
    ).toBeLessThan(60e6);
    expect(message!.payload.a).toHaveLength(30_000);
    expect((message!.payload.a as object[])[0]).toEqual({ [index]: 0 });
    expect(Object.keys((message!.payload.a as object[])[0]!)).toEqual([index]);
  });

  it("may have more issues than zod can hold, which make one ValidationError of bounded length", () => {
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
    expect(!hello.success && hello.error.issues).toHaveLength(16);
    expect(!hello.success && hello.error.message).toContain("and 59984 more");
  });
});

it("nils by the thousand in a list cost a look each", () => {
  const wires = Array(60_000).fill(null);
  const hello = Hello.safeParse({ nonce: new Uint8Array(16), wires, capabilities: [] });
  expect(!hello.success && hello.error.issues[0]).toMatchObject({ path: ["wires", 0] });
  expect(!hello.success && hello.error.message).toContain("and 59984 more");
});

it("a replay store that answers with anything but true lets nothing in", () => {
  const bytes = new MessageProtocol({ type: "t", payload: {}, timestamp: NOW }).sign(key).toBytes();
  for (const answer of [false, undefined, null, Promise.resolve(true), 1]) {
    const replay = { add: () => answer as boolean };
    expect(() => MessageProtocol.open(bytes, { key, now: NOW, replay })).toThrow(LacreError);
  }
});

it("options of text do not widen the window", () => {
  const bytes = new MessageProtocol({ type: "t", payload: {}, timestamp: NOW }).sign(key).toBytes();
  const options = { key, now: NOW + 5000, maxAge: "300" as never };
  expect(() => MessageProtocol.open(bytes, options)).toThrow(
    expect.objectContaining({ code: "ERR_EXPIRED" }),
  );
});
