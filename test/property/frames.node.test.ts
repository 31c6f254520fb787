import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judge } from "../../assurance/support/reference-frame.js";
import {
  isWithinBounds,
  meaningOf,
  readTree,
} from "../../assurance/support/reference-messagepack.js";
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
import { everyMessage } from "../support/examples.js";
import { toHex } from "../support/hex.js";
import { numRuns, TIMEOUT } from "./runs.js";

const wire = fc.constantFrom(1 as const, 2 as const);

describe("whatever a frame holds", () => {
  it("it comes back as it was sent, on both wires", { timeout: TIMEOUT }, () => {
    fc.assert(
      fc.property(messageFrame(), ({ bytes, key, timestamp, definition, value }) => {
        const message = MessageProtocol.open(bytes, { key, now: timestamp });
        expect(definition.fromProtocol(message)).toEqual(value);
      }),
      { numRuns },
    );
  });

  it("what is signed verifies, and no longer with any one bit changed", {
    timeout: TIMEOUT,
  }, () => {
    fc.assert(
      fc.property(frame(), fc.nat(), ({ bytes, key, timestamp }, place) => {
        expect(MessageProtocol.fromBytes(bytes).verify(key)).toBe(true);
        const at = place % (8 * bytes.length);
        const changed = bytes.with(at >> 3, bytes[at >> 3]! ^ (1 << (at & 7)));
        expect(() => MessageProtocol.open(changed, { key, now: timestamp })).toThrow(LacreError);
      }),
      { numRuns },
    );
  });

  it("fromBytes and toBytes undo each other, byte for byte", { timeout: TIMEOUT }, () => {
    fc.assert(
      fc.property(frame(), ({ bytes }) => {
        expect(toHex(MessageProtocol.fromBytes(bytes).toBytes())).toBe(toHex(bytes));
      }),
      { numRuns },
    );
  });

  it("it says the same on either wire", { timeout: TIMEOUT }, () => {
    fc.assert(
      fc.property(anyMessage(), unixTime(), ({ definition, value }, timestamp) => {
        const [one, two] = ([1, 2] as const).map((wire) =>
          definition.fromProtocol(definition.toProtocol(value, undefined, { wire, timestamp })),
        );
        expect(one).toEqual(two);
      }),
      { numRuns },
    );
  });

  it("signing it again under another key keeps what it says", { timeout: TIMEOUT }, () => {
    fc.assert(
      fc.property(frame(), signingKey(), ({ bytes, key, payload }, other) => {
        const received = MessageProtocol.fromBytes(bytes);
        const again = MessageProtocol.fromBytes(received.sign(other).toBytes());
        expect(again.verify(other)).toBe(true);
        expect(again.payload).toEqual(payload);
        expect(received.verify(key)).toBe(true);
      }),
      { numRuns },
    );
  });
});

describe("whatever bytes come", () => {
  const nearMessagePack = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc.tuple(payload({ bytes: true }), fc.nat(), fc.nat(255)).map(([map, place, byte]) => {
      const bytes = written((writer) => writer.payload(map, "bin"));
      return bytes.with(place % bytes.length, byte);
    }),
    payload({ bytes: true }).map((map) => written((writer) => writer.payload(map, "bin"))),
    // The large ones would have the comparison of values take the time; the bounds have tests of their own.
    hostileFrame()
      .map(({ bytes }) => bytes)
      .filter(({ length }) => length < 4096),
  );

  it("scan accepts what the reference reader accepts within the bounds, and decode reads the same", {
    timeout: TIMEOUT,
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
      { numRuns },
    );
  });

  it("whatever is thrown is a LacreError, and a hostile frame is refused with the code of its kind", {
    timeout: TIMEOUT,
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
      { numRuns },
    );
  });

  it("open lets in what the specification lets in", { timeout: TIMEOUT }, () => {
    const secret = new Uint8Array(32).fill(7);
    const key = SigningKey.from(secret, { id: "k" });
    const change = fc.option(fc.tuple(fc.nat(), fc.nat(255)));
    fc.assert(
      fc.property(frame({ key }), change, fc.integer({ min: -80, max: 400 }), (one, place, age) => {
        const bytes = place ? one.bytes.with(place[0] % one.bytes.length, place[1]) : one.bytes;
        const now = one.timestamp + age;
        const isOpened = (() => {
          try {
            MessageProtocol.open(bytes, { key, now });
            return true;
          } catch {
            return false;
          }
        })();
        expect(isOpened).toBe(judge(bytes, { secret, id: "k" }, now).opens);
      }),
      { numRuns },
    );
  });
});

describe("whatever a registry and a definition are given", () => {
  const registry = createRegistry(
    Object.values(everyMessage).map(({ definition }) => definition) as never[],
  );

  it("a registry never throws for a type that it does not know", { timeout: TIMEOUT }, () => {
    fc.assert(
      fc.property(frame(), ({ bytes }) => {
        const message = MessageProtocol.fromBytes(bytes);
        const isKnown = message.type in everyMessage;
        const parsed = registry.safeParse(message);
        if (!isKnown)
          expect(parsed).toEqual({ success: true, value: { type: "unknown", message } });
      }),
      { numRuns },
    );
  });

  it("parsing what was parsed changes nothing", { timeout: TIMEOUT }, () => {
    fc.assert(
      fc.property(anyMessage(), payload(), ({ definition, value }, more) => {
        const once = definition.parse({ ...more, ...value });
        expect(definition.parse(once)).toEqual(once);
      }),
      { numRuns },
    );
  });

  it("parsing anything at all is a value or a ValidationError", { timeout: TIMEOUT }, () => {
    fc.assert(
      fc.property(
        anyMessage(),
        fc.anything({ withNullPrototype: true }),
        ({ definition }, input) => {
          const parsed = definition.safeParse(input);
          if (!parsed.success) expect(parsed.error.code).toBe("ERR_VALIDATION");
        },
      ),
      { numRuns },
    );
  });
});

describe("whatever the clocks say", () => {
  it("no frame opens twice, and each that is fresh opens once", { timeout: TIMEOUT }, () => {
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
        let latest = 0;
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
          // A guard's clock never runs back: what has expired by the latest time that it saw stays out.
          if (mayOpen) latest = Math.max(latest, now);
          const isInTime = NOW + frame + 360 >= latest;
          expect(isOpened).toBe(mayOpen && isInTime && !opened.has(frame));
          if (isOpened) opened.add(frame);
        }
      }),
      { numRuns },
    );
  });
});
