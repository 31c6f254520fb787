import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createRegistry,
  LacreError,
  MessageProtocol,
  ReplayGuard,
  SigningKey,
} from "../../src/index.js";
import {
  anyMessage,
  frame,
  hostileFrame,
  messageFrame,
  payload,
  signingKey,
  unixTime,
} from "../../src/testing/generators/index.js";
import { decode } from "../../src/wire/decode.js";
import { written } from "../../src/wire/encode.js";
import { scan } from "../../src/wire/scan.js";
import { requiredResult } from "../assurance/support/reference-frame.js";
import { isWithinBounds, meaningOf, readTree } from "../assurance/support/reference-messagepack.js";
import { everyMessage } from "../support/examples.js";
import { toHex } from "../support/hex.js";
import { PROPERTY_TIMEOUT, propertyRuns } from "../support/runs.js";

const wire = fc.constantFrom(1 as const, 2 as const);

describe("for any frame,", () => {
  it("the payload round-trips on both wires", { timeout: PROPERTY_TIMEOUT }, () => {
    fc.assert(
      fc.property(messageFrame(), ({ bytes, key, timestamp, definition, value }) => {
        const message = MessageProtocol.open(bytes, { key, now: timestamp });
        expect(definition.fromProtocol(message)).toEqual(value);
      }),
      { numRuns: propertyRuns },
    );
  });

  it("the signature verifies, and fails with any bit changed", {
    timeout: PROPERTY_TIMEOUT,
  }, () => {
    fc.assert(
      fc.property(frame(), fc.nat(), ({ bytes, key, timestamp }, position) => {
        expect(MessageProtocol.fromBytes(bytes).verify(key)).toBe(true);
        const at = position % (8 * bytes.length);
        const changed = bytes.with(at >> 3, bytes[at >> 3]! ^ (1 << (at & 7)));
        expect(() => MessageProtocol.open(changed, { key, now: timestamp })).toThrow(LacreError);
      }),
      { numRuns: propertyRuns },
    );
  });

  it("fromBytes and toBytes are inverse, byte for byte", { timeout: PROPERTY_TIMEOUT }, () => {
    fc.assert(
      fc.property(frame(), ({ bytes }) => {
        expect(toHex(MessageProtocol.fromBytes(bytes).toBytes())).toBe(toHex(bytes));
      }),
      { numRuns: propertyRuns },
    );
  });

  it("the payload is equal on both wires", { timeout: PROPERTY_TIMEOUT }, () => {
    fc.assert(
      fc.property(anyMessage(), unixTime(), ({ definition, value }, timestamp) => {
        const [one, two] = ([1, 2] as const).map((wire) =>
          definition.fromProtocol(definition.toProtocol(value, undefined, { wire, timestamp })),
        );
        expect(one).toEqual(two);
      }),
      { numRuns: propertyRuns },
    );
  });

  it("signing again with another key keeps the contents", { timeout: PROPERTY_TIMEOUT }, () => {
    fc.assert(
      fc.property(frame(), signingKey(), ({ bytes, key, payload }, other) => {
        const received = MessageProtocol.fromBytes(bytes);
        const again = MessageProtocol.fromBytes(received.sign(other).toBytes());
        expect(again.verify(other)).toBe(true);
        expect(again.payload).toEqual(payload);
        expect(received.verify(key)).toBe(true);
      }),
      { numRuns: propertyRuns },
    );
  });
});

describe("for any bytes,", () => {
  const nearMessagePack = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc.tuple(payload({ bytes: true }), fc.nat(), fc.nat(255)).map(([map, position, byte]) => {
      const bytes = written((writer) => writer.payload(map, "bin"));
      return bytes.with(position % bytes.length, byte);
    }),
    payload({ bytes: true }).map((map) => written((writer) => writer.payload(map, "bin"))),
    // Large values would spend the time on comparisons. Other tests cover the limits.
    hostileFrame()
      .map(({ bytes }) => bytes)
      .filter(({ length }) => length < 4096),
  );

  it("scan accepts the same as the reference reader within the limits, and decode returns the same", {
    timeout: PROPERTY_TIMEOUT,
  }, () => {
    fc.assert(
      fc.property(nearMessagePack, (bytes) => {
        const tree = readTree(bytes);
        if (tree !== undefined && isWithinBounds(tree)) {
          expect(scan(bytes).at(-1)).toBe(bytes.length);
          expect(decode(bytes, 0)).toEqual(meaningOf(tree));
        } else {
          expect(() => scan(bytes)).toThrow(LacreError);
        }
      }),
      { numRuns: propertyRuns },
    );
  });

  it("only LacreError is thrown, and a malicious frame is rejected with the code of its kind", {
    timeout: PROPERTY_TIMEOUT,
  }, () => {
    fc.assert(
      fc.property(hostileFrame(), ({ bytes, key, now, codes }) => {
        try {
          MessageProtocol.open(bytes, { key, now });
          expect.unreachable();
        } catch (error) {
          expect(error).toBeInstanceOf(LacreError);
          expect(codes).toContain((error as LacreError).code);
        }
      }),
      { numRuns: propertyRuns },
    );
  });

  it("open accepts the same as the specification", { timeout: PROPERTY_TIMEOUT }, () => {
    const secret = new Uint8Array(32).fill(7);
    const key = SigningKey.from(secret, { id: "k" });
    const change = fc.option(fc.tuple(fc.nat(), fc.nat(255)));
    fc.assert(
      fc.property(
        frame({ key }),
        change,
        fc.integer({ min: -80, max: 400 }),
        (one, position, age) => {
          const bytes = position
            ? one.bytes.with(position[0] % one.bytes.length, position[1])
            : one.bytes;
          const now = Math.min(one.timestamp + age, 100_000_000_000);
          const isOpened = (() => {
            try {
              MessageProtocol.open(bytes, { key, now });
              return true;
            } catch {
              return false;
            }
          })();
          expect(isOpened).toBe(requiredResult(bytes, { secret, id: "k" }, now).opens);
        },
      ),
      { numRuns: propertyRuns },
    );
  });
});

describe("for any input of a registry and a definition,", () => {
  const registry = createRegistry(
    Object.values(everyMessage).map(({ definition }) => definition) as never[],
  );

  it("a registry does not throw for an unknown type", {
    timeout: PROPERTY_TIMEOUT,
  }, () => {
    fc.assert(
      fc.property(frame(), ({ bytes }) => {
        const message = MessageProtocol.fromBytes(bytes);
        const isKnown = message.type in everyMessage;
        const parsed = registry.safeParse(message);
        if (!isKnown)
          expect(parsed).toEqual({ success: true, value: { type: "unknown", message } });
      }),
      { numRuns: propertyRuns },
    );
  });

  it("parsing a parsed value returns an equal value", { timeout: PROPERTY_TIMEOUT }, () => {
    fc.assert(
      fc.property(anyMessage(), payload(), ({ definition, value }, more) => {
        const once = definition.parse({ ...more, ...value });
        expect(definition.parse(once)).toEqual(once);
      }),
      { numRuns: propertyRuns },
    );
  });

  it("parsing returns a value or a ValidationError", {
    timeout: PROPERTY_TIMEOUT,
  }, () => {
    fc.assert(
      fc.property(
        anyMessage(),
        fc.anything({ withNullPrototype: true }),
        ({ definition }, input) => {
          const parsed = definition.safeParse(input);
          if (!parsed.success) expect(parsed.error.code).toBe("ERR_VALIDATION");
        },
      ),
      { numRuns: propertyRuns },
    );
  });
});

describe("for any clocks,", () => {
  it("no frame opens twice, and each fresh frame opens once", {
    timeout: PROPERTY_TIMEOUT,
  }, () => {
    const key = SigningKey.from("a secret that both ends share");
    const NOW = 1_700_000_000;
    const arrival = fc.record({ frame: fc.nat(5), age: fc.integer({ min: -100, max: 500 }) });
    fc.assert(
      fc.property(wire, fc.array(arrival, { maxLength: 20 }), (wire, arrivals) => {
        const frames = Array.from({ length: 6 }, (_, at) =>
          new MessageProtocol({ type: "t", payload: { at }, timestamp: NOW + at, wire })
            .sign(key)
            .toBytes(),
        );
        const replay = new ReplayGuard();
        const opened = new Set<number>();
        let removedBefore = 0;
        for (const { frame, age } of arrivals) {
          const now = NOW + frame + age;
          const mayOpen = age >= -60 && age <= 360;
          let isOpened = false;
          try {
            MessageProtocol.open(frames[frame]!, { key, replay, now });
            isOpened = true;
          } catch (error) {
            expect(error).toBeInstanceOf(LacreError);
          }
          // A frame that the guard has removed stays rejected, and so does one that expired earlier, also if the clock goes back.
          if (mayOpen) {
            const isForgotten = (other: number) => NOW + other + 361 <= now;
            for (const other of [...opened].filter(isForgotten)) {
              removedBefore = Math.max(removedBefore, NOW + other + 361);
            }
          }
          const isInTime = NOW + frame + 360 >= removedBefore;
          expect(isOpened).toBe(mayOpen && isInTime && !opened.has(frame));
          if (isOpened) opened.add(frame);
        }
      }),
      { numRuns: propertyRuns },
    );
  });
});
