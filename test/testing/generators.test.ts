import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LacreError, MessageProtocol, SigningKey } from "../../src/index.js";
import {
  anyMessage,
  frame,
  HOSTILE_KINDS,
  type HostileFrame,
  hostileFrame,
  messageFrame,
  payload,
} from "../../src/testing/generators/index.js";

const RUNS = { numRuns: 100 };

function refusalOf({ bytes, key, now }: HostileFrame): string {
  try {
    MessageProtocol.open(bytes, { key, now });
    return "let in";
  } catch (error) {
    if (error instanceof LacreError) return error.code;
    throw error;
  }
}

describe("generated messages", () => {
  it("are values that their definitions yield", () => {
    const property = fc.property(anyMessage(), ({ definition, value }) => {
      expect(definition.parse(value)).toEqual(value);
    });
    fc.assert(property, RUNS);
  });

  it("are of every kind", () => {
    const messages = fc.sample(anyMessage(), 500);
    expect(new Set(messages.map(({ definition }) => definition.type)).size).toBe(12);
  });

  it("come out of their frames as they went in", () => {
    const property = fc.property(messageFrame(), (one) => {
      const message = MessageProtocol.open(one.bytes, { key: one.key, now: one.timestamp });
      expect(one.definition.fromProtocol(message)).toEqual(one.value);
      expect(message.wire).toBe(one.wire);
    });
    fc.assert(property, RUNS);
  });
});

describe("generated frames", () => {
  it("are let in, and hold what they were made of", () => {
    const property = fc.property(frame(), ({ bytes, key, timestamp, type, payload, wire }) => {
      const message = MessageProtocol.open(bytes, { key, now: timestamp });
      expect(message).toMatchObject({ type, wire, timestamp });
      expect(message.payload).toEqual(payload);
    });
    fc.assert(property, RUNS);
  });

  it("are of the wire and key that were asked for", () => {
    const key = SigningKey.from("secret");
    for (const wire of [1, 2] as const) {
      for (const one of fc.sample(frame({ wire, key }), 20)) {
        expect(one).toMatchObject({ wire, key });
        expect(MessageProtocol.fromBytes(one.bytes).wire).toBe(wire);
      }
    }
  });

  it("have byte strings where that was asked for", () => {
    const holdsBytes = (value: unknown): boolean =>
      value instanceof Uint8Array ||
      (typeof value === "object" && value !== null && Object.values(value).some(holdsBytes));
    expect(fc.sample(payload({ bytes: true }), 100).some(holdsBytes)).toBe(true);
    expect(fc.sample(payload(), 100).some(holdsBytes)).toBe(false);
  });
});

describe("a hostile frame", () => {
  it.each(HOSTILE_KINDS)("of kind %s is refused as it says", (kind) => {
    const property = fc.property(hostileFrame({ kind }), (hostile) => {
      expect(hostile.codes).toContain(refusalOf(hostile));
    });
    // Frames of a megabyte, and of 65,536 elements, are slow to make.
    const isSlow = kind === "too large" || kind === "many elements";
    fc.assert(property, { numRuns: isSlow ? 5 : 50 });
  });

  it("has a head longer than it need be also where the key id is long", () => {
    const key = SigningKey.from("secret", { id: "x".repeat(40) });
    for (const one of fc.sample(hostileFrame({ kind: "head longer than it need be", key }), 50))
      expect(one.codes).toContain(refusalOf(one));
  });

  it("is of every kind, and on both wires where both have it", () => {
    const sampled = fc.sample(hostileFrame(), 1000);
    expect(new Set(sampled.map(({ kind }) => kind)).size).toBe(HOSTILE_KINDS.length);
    for (const wire of [1, 2] as const) {
      const duplicates = fc.sample(hostileFrame({ kind: "duplicate key", wire }), 5);
      for (const { bytes } of duplicates) expect(bytes[0] === 0x97).toBe(wire === 2);
    }
  });
});
