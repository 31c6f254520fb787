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
import { runs } from "../support/runs.js";

const RUNS = { numRuns: runs(100) };

function errorOf({ bytes, key, now }: HostileFrame): string {
  try {
    MessageProtocol.open(bytes, { key, now });
    return "let in";
  } catch (error) {
    if (error instanceof LacreError) return error.code;
    throw error;
  }
}

describe("generated messages", () => {
  it("are equal after they are parsed", () => {
    const property = fc.property(anyMessage(), ({ definition, value }) => {
      expect(definition.parse(value)).toEqual(value);
    });
    fc.assert(property, RUNS);
  });

  it("are of every type", () => {
    const messages = fc.sample(anyMessage(), 500);
    expect(new Set(messages.map(({ definition }) => definition.type)).size).toBe(13);
  });

  it("round-trip in their frames", () => {
    const property = fc.property(messageFrame(), (one) => {
      const message = MessageProtocol.open(one.bytes, { key: one.key, now: one.timestamp });
      expect(one.definition.fromProtocol(message)).toEqual(one.value);
      expect(message.wire).toBe(one.wire);
    });
    fc.assert(property, RUNS);
  });
});

describe("generated frames", () => {
  it("open, and contain their type and payload", () => {
    const property = fc.property(frame(), ({ bytes, key, timestamp, type, payload, wire }) => {
      const message = MessageProtocol.open(bytes, { key, now: timestamp });
      expect(message).toMatchObject({ type, wire, timestamp });
      expect(message.payload).toEqual(payload);
    });
    fc.assert(property, RUNS);
  });

  it("have the requested wire and key", () => {
    const key = SigningKey.from("secret");
    for (const wire of [1, 2] as const) {
      for (const one of fc.sample(frame({ wire, key }), 20)) {
        expect(one).toMatchObject({ wire, key });
        expect(MessageProtocol.fromBytes(one.bytes).wire).toBe(wire);
      }
    }
  });

  it("have byte strings on request", () => {
    const holdsBytes = (value: unknown): boolean =>
      value instanceof Uint8Array ||
      (typeof value === "object" && value !== null && Object.values(value).some(holdsBytes));
    expect(fc.sample(payload({ bytes: true }), 100).some(holdsBytes)).toBe(true);
    expect(fc.sample(payload(), 100).some(holdsBytes)).toBe(false);
  });
});

describe("a hostile frame", () => {
  it.each(HOSTILE_KINDS)("of kind %s is rejected with one of its codes", (kind) => {
    const property = fc.property(hostileFrame({ kind }), (hostile) => {
      expect(hostile.codes).toContain(errorOf(hostile));
    });
    // Frames of a megabyte, and frames with 65,536 elements, take long to generate.
    const isSlow = kind === "too large" || kind === "many elements";
    fc.assert(property, { numRuns: runs(isSlow ? 5 : 50) });
  });

  it("can have a longer head than necessary with a long key id", () => {
    const key = SigningKey.from("secret", { id: "x".repeat(40) });
    for (const one of fc.sample(hostileFrame({ kind: "head longer than it need be", key }), 50))
      expect(one.codes).toContain(errorOf(one));
  });

  it("is of every kind, and on both wires if possible", () => {
    const sampled = fc.sample(hostileFrame(), 1000);
    expect(new Set(sampled.map(({ kind }) => kind)).size).toBe(HOSTILE_KINDS.length);
    for (const wire of [1, 2] as const) {
      const duplicates = fc.sample(hostileFrame({ kind: "duplicate key", wire }), 5);
      for (const { bytes } of duplicates) expect(bytes[0] === 0x97).toBe(wire === 2);
    }
  });
});
