import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  FreshnessError,
  KeyError,
  MessageProtocol,
  ReplayGuard,
  SigningKey,
  ValidationError,
  VerifyError,
} from "../../src/index.js";
import { NOW, wires } from "../support/examples.js";
import { counting, toHex } from "../support/hex.js";
import { runs } from "../support/runs.js";

const key = SigningKey.from("a secret that alice and bob share");
const letter = (fields: object = {}) =>
  new MessageProtocol({ type: "letter", payload: { text: "hola" }, timestamp: NOW, ...fields });

describe.each(wires)("a message on wire %i", (wire) => {
  it("is signed, sent, opened and read", () => {
    const bytes = letter({ wire }).sign(key).toBytes();
    const received = MessageProtocol.open(bytes, { key, now: NOW + 1 });
    expect(received).toMatchObject({ type: "letter", timestamp: NOW, wire, key });
    expect(received.payload).toEqual({ text: "hola" });
    expect(received.verify(key)).toBe(true);
    expect(toHex(received.identity)).toBe(received.signature);
  });

  it("does not change with its fields or its returned values", () => {
    const payload = { list: [1], bytes: counting(4) };
    const message = letter({ wire, payload }).sign(key);
    payload.list.push(2);
    payload.bytes[0] = 99;
    const before = message.toBytes();
    message.toBytes().fill(0);
    expect(message.toBytes()).toEqual(before);
    expect(message.payload.list).toEqual([1]);
    expect(Object.isFrozen(message.payload)).toBe(true);
    expect(Object.isFrozen(message.payload.list)).toBe(true);
    if (wire === 2) (message.payload.bytes as Uint8Array)[0] = 99;
    expect(MessageProtocol.fromBytes(message.toBytes()).verify(key)).toBe(true);
  });

  it("does not change with the bytes that it was read from", () => {
    const bytes = letter({ wire }).sign(key).toBytes();
    const original = bytes.slice();
    const received = MessageProtocol.open(bytes, { key, now: NOW });
    const { identity } = received;
    bytes.fill(0);
    identity.fill(0);
    expect(received.toBytes()).toEqual(original);
    expect(received.verify(key)).toBe(true);
    expect(toHex(received.identity)).toBe(received.signature);
  });

  it("returns bytes that own their buffer", () => {
    const bytes = letter({ wire }).sign(key).toBytes();
    expect(bytes.buffer.byteLength).toBe(bytes.length);
  });

  it("is not changed by sign, which returns another message", () => {
    const unsigned = letter({ wire });
    const signed = unsigned.sign(key);
    expect(unsigned.signature).toBe("");
    expect(signed.signature).toMatch(/^[0-9a-f]{64}$/);
    expect(() => unsigned.toBytes()).toThrow(expect.objectContaining({ code: "ERR_UNSIGNED" }));
  });

  it("does not verify with a value that is not a key", () => {
    const message = letter({ wire }).sign(key);
    const { verify: _, ...lookalike } = key as unknown as Record<string, unknown>;
    for (const value of [
      undefined,
      null,
      "secret",
      42,
      {},
      [],
      lookalike,
      SigningKey.from("another"),
    ]) {
      expect(message.verify(value as never)).toBe(false);
    }
  });

  it("opens and is signed only with a key", () => {
    const bytes = letter({ wire }).sign(key).toBytes();
    for (const value of [undefined, null, "secret", {}]) {
      expect(() => MessageProtocol.open(bytes, { key: value as never })).toThrow(KeyError);
    }
    expect(() => letter({ wire }).sign("secret" as never)).toThrow(KeyError);
  });

  it("round-trips any payload", () => {
    const payload = fc.dictionary(
      fc
        .string()
        .filter((name) => !["__proto__", "constructor", "prototype", "timestamp"].includes(name)),
      fc.oneof(
        fc.string({ unit: "binary" }),
        fc.maxSafeInteger(),
        fc.boolean(),
        fc.constant(null),
        fc.double({ noNaN: true }),
      ),
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(
        payload,
        fc.string({ unit: "grapheme", minLength: 1, maxLength: 4 }),
        (given, type) => {
          fc.pre(new TextEncoder().encode(type).length <= 64);
          const bytes = letter({ wire, payload: given, type }).sign(key).toBytes();
          const received = MessageProtocol.open(bytes, { key, now: NOW });
          expect(received.payload).toEqual(given);
          expect(received.type).toBe(type);
          expect(received.toBytes()).toEqual(bytes);
        },
      ),
      { numRuns: runs(1000) },
    );
  });
});

describe("freshness", () => {
  const bytes = letter().sign(key).toBytes();
  const openAt = (now: number, options = {}) =>
    MessageProtocol.open(bytes, { key, now, ...options });
  const code = (now: number, options = {}) => {
    try {
      openAt(now, options);
    } catch (error) {
      if (error instanceof FreshnessError) return error.code;
      throw error;
    }
    return "fresh";
  };

  it("lasts from 60 seconds before the timestamp to 360 seconds after", () => {
    expect(code(NOW + 360)).toBe("fresh");
    expect(code(NOW + 360.001)).toBe("ERR_EXPIRED");
    expect(code(NOW - 60)).toBe("fresh");
    expect(code(NOW - 60.001)).toBe("ERR_FROM_FUTURE");
  });

  it("is configured by the receiver", () => {
    const strict = { maxAge: 10, clockTolerance: 0 };
    expect(code(NOW + 10, strict)).toBe("fresh");
    expect(code(NOW + 10.001, strict)).toBe("ERR_EXPIRED");
    expect(code(NOW - 0.001, strict)).toBe("ERR_FROM_FUTURE");
  });

  it("may be unlimited", () => {
    expect(code(NOW + 1e9, { maxAge: Number.POSITIVE_INFINITY })).toBe("fresh");
  });

  it("is checked after verification", () => {
    expect(() =>
      MessageProtocol.open(bytes, { key: SigningKey.from("another"), now: NOW + 9999 }),
    ).toThrow(VerifyError);
  });
});

describe("a replay", () => {
  it.each(wires)("is rejected on wire %i, unlike the first frame", (wire) => {
    const replay = new ReplayGuard();
    const bytes = letter({ wire }).sign(key).toBytes();
    MessageProtocol.open(bytes, { key, replay, now: NOW });
    expect(() => MessageProtocol.open(bytes, { key, replay, now: NOW + 1 })).toThrow(
      expect.objectContaining({ code: "ERR_REPLAYED" }),
    );
  });

  it("is rejected with the frame's keys in another order", () => {
    const replay = new ReplayGuard();
    const bytes = letter().sign(key).toBytes();
    const signatureStart = bytes.length - 76;
    const reordered = Uint8Array.of(
      0x84,
      ...bytes.subarray(signatureStart),
      ...bytes.subarray(1, signatureStart),
    );
    expect(MessageProtocol.fromBytes(reordered).verify(key)).toBe(true);
    MessageProtocol.open(bytes, { key, replay, now: NOW });
    expect(() => MessageProtocol.open(reordered, { key, replay, now: NOW })).toThrow(
      FreshnessError,
    );
  });

  it("is detected for verified frames only", () => {
    const replay = new ReplayGuard();
    const forged = letter().sign(SigningKey.from("mallory's")).toBytes();
    expect(() => MessageProtocol.open(forged, { key, replay, now: NOW })).toThrow(VerifyError);
    expect(replay.size).toBe(0);
  });
});

describe("the timestamp of a new message", () => {
  it("is the current time by default", () => {
    const before = Date.now() / 1000;
    const { timestamp } = new MessageProtocol({ type: "t", payload: {} });
    expect(timestamp).toBeGreaterThanOrEqual(before);
    expect(timestamp).toBeLessThanOrEqual(Date.now() / 1000);
    expect(letter().timestamp).toBe(NOW);
  });

  it("differs for each wire 1 frame of a key", () => {
    const signer = SigningKey.generate();
    const times = Array.from({ length: 2000 }, () =>
      new MessageProtocol({ type: "t", payload: {} }).sign(signer),
    );
    expect(new Set(times.map(({ timestamp }) => timestamp)).size).toBe(2000);
    expect(new Set(times.map(({ signature }) => signature)).size).toBe(2000);
    expect(times.every((message) => message.verify(signer))).toBe(true);
    const last = MessageProtocol.open(times[1999]!.toBytes(), { key: signer });
    expect(last.timestamp).toBe(times[1999]!.timestamp);
  });

  it("does not change if it was given", () => {
    const signer = SigningKey.generate();
    expect(letter().sign(signer).signature).toBe(letter().sign(signer).signature);
  });

  it("changes in the signed message only", () => {
    const signer = SigningKey.generate();
    const unsigned = new MessageProtocol({ type: "t", payload: {} });
    const before = unsigned.toBytes({ unsigned: true });
    const [first, second] = [unsigned.sign(signer), unsigned.sign(signer)];
    expect(second.signature).not.toBe(first.signature);
    expect(unsigned.toBytes({ unsigned: true })).toEqual(before);
    expect(first.verify(signer)).toBe(true);
  });

  it("does not change after it is signed", () => {
    const signer = SigningKey.generate();
    const signed = new MessageProtocol({ type: "t", payload: {} }).sign(signer);
    expect(signed.sign(signer).signature).toBe(signed.signature);
  });

  it("does not change on wire 2, where ids distinguish frames", () => {
    const signer = SigningKey.generate();
    const { timestamp } = new MessageProtocol({ type: "t", payload: {}, wire: 2 }).sign(signer);
    expect(signer.nextTimestamp(timestamp)).toBe(timestamp);
  });
});

describe("the MessageProtocol constructor rejects", () => {
  it.each([
    ["no type", { type: "" }],
    ["a type of 65 bytes", { type: "x".repeat(65) }],
    ["a type of 33 two-byte letters", { type: "ñ".repeat(33) }],
    ["a type with a lone surrogate", { type: "\ud800" }],
    ["a type that is not text", { type: 1 }],
    ["a timestamp that is not finite", { timestamp: Number.NaN }],
    ["a timestamp that is not a number", { timestamp: "now" }],
    ["a third wire", { wire: 3 }],
    ["an id on wire 1", { id: "018bcfe5-687b-7abc-8def-0123456789ab" }],
    ["an id that is not a UUID", { wire: 2, id: "nonsense" }],
    ["a payload that is not a map", { payload: [] }],
    ["a payload that is too large for a frame", { payload: { data: "x".repeat(1_048_576) } }],
  ])("%s", (_, fields) => {
    expect(() => letter(fields)).toThrow(ValidationError);
  });

  it("more bytes than maxFrameBytes", () => {
    const { length } = letter().sign(key).toBytes();
    expect(letter({ maxFrameBytes: length }).sign(key).toBytes()).toHaveLength(length);
    expect(() => letter({ maxFrameBytes: length - 1 })).toThrow(ValidationError);
    const longest = SigningKey.generate({ id: "k".repeat(64) });
    const most = letter({ wire: 2 }).sign(longest).toBytes().length;
    expect(letter({ wire: 2, maxFrameBytes: most }).wire).toBe(2);
    expect(() => letter({ wire: 2, maxFrameBytes: most - 1 })).toThrow(ValidationError);
  });
});
