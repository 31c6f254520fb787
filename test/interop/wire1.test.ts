import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  DecodeError,
  LacreError,
  MessageProtocol,
  SigningKey,
  VerifyError,
} from "../../src/index.js";
import { hex, toHex } from "../support/hex.js";
import { runs } from "../support/runs.js";
import * as arbitrary from "./arbitraries.js";
import { workedExamples } from "./examples.js";
import { describeWithPython, float, Peer } from "./peer.js";

const SECRET = "clave secreta ñ 🔑";
const KEY = SigningKey.from(SECRET);
const NOW = 1_700_000_000;
const FRAMES = { numRuns: runs(400) };

type Made = { frame: string; covered: string };
type Checked = { verified: boolean; type: string; payload: unknown; timestamp: number };

describeWithPython("wire 1 between the library and Python", () => {
  let peer: Peer;
  beforeAll(() => {
    peer = new Peer();
  });
  afterAll(() => peer.stop());

  const make = (args: object) => peer.call<Made>("make", { secret: SECRET, type: "test", ...args });
  const check = (frame: Uint8Array, secret: unknown = SECRET) =>
    peer.call<Checked>("check", { secret, frame: toHex(frame) });
  const open = (frame: string) => MessageProtocol.open(hex(frame), { key: KEY, now: NOW });
  const signed = (payload: Record<string, unknown>, timestamp = NOW) =>
    new MessageProtocol({ type: "test", payload, timestamp }).sign(KEY).toBytes();

  it("is encoded by both as in the worked example", async () => {
    const examples = workedExamples();
    const fields = { type: "test", payload: { data: "hello" }, timestamp: NOW };
    const made = await make({ ...fields, secret: "secret", timestamp: float(NOW) });
    const message = new MessageProtocol(fields).sign(SigningKey.from("secret"));
    expect(made.covered).toBe(examples["wire1.covered"]);
    expect(made.frame).toBe(examples["wire1.frame"]);
    expect(toHex(message.toBytes())).toBe(examples["wire1.frame"]);
  });

  it("is verified by Python, and encoded equally, for random frames of the library", async () => {
    const { secret, payload, timestamp } = arbitrary;
    const property = fc.asyncProperty(secret, payload, timestamp, async (secret, payload, time) => {
      const message = new MessageProtocol({ type: "random", payload, timestamp: time });
      const frame = message.sign(SigningKey.from(secret)).toBytes();
      const { verified, ...fields } = await check(frame, secret);
      expect(verified).toBe(true);
      expect(fields).toMatchObject({ type: "random", timestamp: time });
      expect(fields.payload).toEqual(message.payload);
      expect(fields.payload).toEqual(payload);
    });
    await fc.assert(property, FRAMES);
  });

  it("is opened by the library for random frames of Python", async () => {
    const { secret, pythonPayload, timestamp } = arbitrary;
    const property = fc.asyncProperty(
      secret,
      pythonPayload,
      fc.oneof(timestamp, timestamp.map(float)),
      async (secret, payload, timestamp) => {
        const { frame } = await make({ secret, payload, timestamp });
        const now = typeof timestamp === "number" ? timestamp : timestamp.value;
        const key = SigningKey.from(secret);
        const opened = MessageProtocol.open(hex(frame), { key, now });
        const python = await check(hex(frame), secret);
        expect(opened.payload).toEqual(python.payload);
        expect(opened.timestamp).toBe(python.timestamp);
      },
    );
    await fc.assert(property, FRAMES);
  });

  it("writes whole seconds as float64, in the envelope and in payloads, as Python does", async () => {
    const payload = { timestamp: 5, details: [{ timestamp: NOW }] };
    const inPython = { timestamp: float(5), details: [{ timestamp: float(NOW) }] };
    const made = await make({ payload: inPython, timestamp: float(NOW) });
    expect(toHex(signed(payload))).toBe(made.frame);
  });

  it.each([
    ["a whole second", NOW],
    ["zero", 0],
    ["before 1970", -1],
    ["the latest time", 100_000_000_000],
  ])("verifies a Python frame with an integer timestamp: %s", async (_, timestamp) => {
    const { frame } = await make({ payload: { timestamp }, timestamp });
    const opened = MessageProtocol.open(hex(frame), { key: KEY, now: timestamp });
    expect(frame).not.toContain("74696d657374616d70cb"); // no key `timestamp` before a float64
    expect(opened.timestamp).toBe(timestamp);
    expect(opened.payload).toEqual({ timestamp });
  });

  it.each([
    ["integers at the edges of each form", [0, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1]],
    ["integers of 64 bits", [2 ** 32, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER]],
    ["negative integers", [-1, -32, -33, -128, -129, -32_768, -32_769, -(2 ** 31), -(2 ** 31) - 1]],
    ["floats", [0.5, -0.1, 1e300, 5e-324, 2 ** 53, -(2 ** 53), 1.5]],
    ["floats that are not finite, and negative zero", [Infinity, -Infinity, Number.NaN, -0]],
    ["nil and booleans", [null, true, false]],
    ["texts at the edges of each form", [0, 31, 32, 255, 256, 65_535, 65_536].map(letters)],
    ["text of 70 kB in four bytes a character", ["🔑".repeat(17_500)]],
    ["text with U+FEFF, U+0000 and astral characters", ["\ufeffhola\u0000 ñ 🔑 \u{10ffff}"]],
    ["arrays at the edges of each form", [0, 15, 16, 20_000].map(zeros)],
    ["maps at the edges of each form", [0, 15, 16, 20_000].map(numbered)],
    ["16 nested containers, including the frame and its payload", [nested(13)]],
    ["65,536 elements, including those of the frame", zeros(65_531)],
  ])("is encoded equally by both: %s", async (_, values) => {
    const made = await make({ payload: { values }, timestamp: float(NOW) });
    expect(toHex(signed({ values }))).toBe(made.frame);
    expect(open(made.frame).payload).toEqual({ values });
    expect(await check(hex(made.frame))).toMatchObject({ verified: true, payload: { values } });
  });

  it.each([
    ["signature first", ["signature", "timestamp", "payload", "type"]],
    ["payload before type", ["payload", "type", "timestamp", "signature"]],
    ["signature in the middle", ["type", "payload", "signature", "timestamp"]],
  ])("opens a Python frame with its keys in another order: %s", async (_, order) => {
    const { frame } = await make({ payload: { data: "hola" }, timestamp: NOW, order });
    expect(open(frame).payload).toEqual({ data: "hola" });
  });

  it("verifies payload keys in an order that a JavaScript object cannot have", async () => {
    const payload = new Map([...["b", "1", "a", "0"].entries()].map(([at, key]) => [key, at]));
    const { frame } = await make({ payload, timestamp: NOW });
    expect(open(frame).payload).toEqual({ b: 0, 1: 1, a: 2, 0: 3 });
  });

  it("keeps a Python frame's bytes when the library signs it again", async () => {
    const payload = new Map<string, unknown>([
      ["b", float(1)],
      ["1", 1],
    ]);
    const { frame } = await make({ payload, timestamp: NOW, secret: "another" });
    const renewed = MessageProtocol.fromBytes(hex(frame)).sign(KEY).toBytes();
    expect(toHex(renewed)).toBe((await make({ payload, timestamp: NOW })).frame);
  });

  it("has different timestamps in 100 frames that are signed together", async () => {
    const frames = Array.from({ length: 100 }, () =>
      new MessageProtocol({ type: "test", payload: {} }).sign(KEY).toBytes(),
    );
    const checked = await Promise.all(frames.map((frame) => check(frame)));
    expect(checked.every(({ verified }) => verified)).toBe(true);
    expect(new Set(checked.map(({ timestamp }) => timestamp)).size).toBe(100);
  });

  it("does not verify without a signature or a timestamp from Python", async () => {
    const fields = { payload: { data: "hola" }, timestamp: NOW };
    for (const order of [
      ["type", "payload", "timestamp"],
      ["type", "payload", "signature"],
      ["payload", "type"],
    ]) {
      const { frame } = await make({ ...fields, order });
      expect(() => open(frame)).toThrow(VerifyError);
      expect(MessageProtocol.fromBytes(hex(frame)).payload).toEqual({ data: "hola" });
    }
  });

  it("may have a float32 in its payload, but not as its timestamp", async () => {
    const single = { use_single_float: true, payload: { timestamp: 0.5 } };
    expect(open((await make({ ...single, timestamp: NOW })).frame).payload).toEqual({
      timestamp: 0.5,
    });
    const { frame } = await make({ ...single, timestamp: float(NOW) });
    expect(() => open(frame)).toThrow(DecodeError);
  });

  it("is rejected by both with any changed byte", async () => {
    const frame = signed({ data: "hola", number: 1.5, list: [1, null, "ñ"] });
    for (let at = 0; at < frame.length; at++) {
      const flipped = frame.with(at, frame[at]! ^ 1);
      const verified = await check(flipped).then(
        (checked) => checked.verified,
        () => false,
      );
      expect(verified, `Python, byte ${at}`).toBe(false);
      expect(() => open(toHex(flipped)), `the library, byte ${at}`).toThrow(LacreError);
    }
  });

  it("is rejected by both with another secret", async () => {
    expect((await check(signed({}), "clave secreta n 🔑")).verified).toBe(false);
    const { frame } = await make({ payload: {}, timestamp: NOW, secret: "clave secreta n 🔑" });
    expect(() => open(frame)).toThrow(VerifyError);
  });

  it("is rejected by both with its signature in upper case", async () => {
    const frame = signed({});
    const digits = Buffer.from(frame.slice(-64)).toString().toUpperCase();
    frame.set(Buffer.from(digits), frame.length - 64);
    expect((await check(frame)).verified).toBe(false);
    expect(() => open(toHex(frame))).toThrow(VerifyError);
  });

  it.each([
    ["an integer of 2^53", { number: 2n ** 53n }],
    ["an integer of −2^53", { number: -(2n ** 53n) }],
    ["a timestamp that is not finite", { timestamp: Infinity }],
    ["a forbidden key", { constructor: 1 }],
    ["17 nested containers", { nested: nested(15) }],
    ["65,537 elements", { zeros: zeros(65_532) }],
  ])("rejects a signed Python frame outside the limits of section 2: %s", async (_, payload) => {
    const { frame } = await make({ payload, timestamp: NOW });
    expect(() => open(frame)).toThrow(DecodeError);
  });

  it("rejects text with lone surrogates on both sides", async () => {
    await expect(make({ payload: { text: "\ud800" }, timestamp: NOW })).rejects.toThrow(
      "surrogates",
    );
    expect(() => signed({ text: "\ud800" })).toThrow(LacreError);
  });
});

function letters(length: number): string {
  return "a".repeat(length);
}

function zeros(length: number): number[] {
  return new Array(length).fill(0);
}

function numbered(length: number): Record<string, number> {
  return Object.fromEntries(zeros(length).map((zero, at) => [`key ${at}`, zero]));
}

/** Returns this many nested arrays. */
function nested(containers: number): unknown[] {
  return containers === 1 ? [] : [nested(containers - 1)];
}
