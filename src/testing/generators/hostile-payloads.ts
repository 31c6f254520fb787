import fc from "fast-check";
import { concat, encodeUtf8 } from "../../bytes.js";
import type { LacreErrorCode } from "../../errors.js";
import { MAX_ELEMENTS, MAX_NESTING } from "../../limits.js";
import { FORBIDDEN_KEYS } from "../../wire/scan.js";
import { type InvalidPayload, invalidPayloads, invalidValues } from "../invalid-payloads.js";
import { rawMap, rawText } from "../raw.js";

/** The MessagePack of a payload that must be rejected, and the possible error codes. */
export interface HostilePayload {
  readonly payload: Uint8Array;
  readonly codes: readonly LacreErrorCode[];
}

const NIL = Uint8Array.of(0xc0);
const MALFORMED = ["ERR_MALFORMED"] as const;
const BEYOND = ["ERR_BOUND_EXCEEDED"] as const;
/** Codes for a count that exceeds both a limit and the length of the frame: a reader may check either first. */
const EITHER = ["ERR_BOUND_EXCEEDED", "ERR_MALFORMED"] as const;

/** Encloses a value in valid maps and arrays. */
function somewhere(inner: Uint8Array, around: readonly ("map" | "array")[]): Uint8Array {
  const nested = around.reduce(
    (value, kind) =>
      kind === "map" ? rawMap([rawText("x"), value]) : concat(Uint8Array.of(0x91), value),
    inner,
  );
  return rawMap([rawText("here"), nested]);
}

function placed(
  hostile: fc.Arbitrary<Uint8Array>,
  codes: readonly LacreErrorCode[],
): fc.Arbitrary<HostilePayload> {
  const around = fc.array(fc.constantFrom("map" as const, "array" as const), { maxLength: 5 });
  return fc
    .tuple(hostile, around)
    .map(([inner, kinds]) => ({ payload: somewhere(inner, kinds), codes }));
}

function raw(...bytes: number[]): Uint8Array {
  return Uint8Array.from(bytes);
}

function u32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

/** Generates encodings of a short text with a longer head than necessary. */
function inLongerHead(text: string): fc.Arbitrary<Uint8Array> {
  const bytes = encodeUtf8(text);
  const { length } = bytes;
  const heads = [
    [0xd9, length],
    [0xda, 0, length],
    [0xdb, 0, 0, 0, length],
  ];
  return fc.constantFrom(...heads.map((head) => concat(raw(...head), bytes)));
}

/** Generates maps with a duplicate key, of which some have more than the 16 entries that `scan` compares pair by pair. */
function twice(second: (key: string) => fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const others = fc.uniqueArray(fc.nat(1000), { maxLength: 40 });
  return fc
    .tuple(fc.string({ minLength: 1, maxLength: 20 }), others)
    .filter(([key]) => !FORBIDDEN_KEYS.has(key) && key !== "timestamp")
    .chain(([key, numbers]) =>
      second(key).map((again) => {
        const between = numbers
          .map(String)
          .filter((other) => other !== key)
          .map((other) => [rawText(other), NIL] as const);
        return rawMap([rawText(key), NIL], ...between, [again, NIL]);
      }),
    );
}

/** Generates the values of the catalogue that have a fault of this kind. */
function catalogued(kind: InvalidPayload["kind"]): fc.Arbitrary<Uint8Array> {
  return fc.constantFrom(...invalidValues(kind));
}

function ofDepth(containers: number): Uint8Array {
  const arrays = new Uint8Array(containers).fill(0x91);
  return rawMap([rawText("deep"), concat(arrays, NIL)]);
}

function ofElements(count: number): Uint8Array {
  return concat(raw(0x81), rawText("many"), raw(0xdd, ...u32(count)), new Uint8Array(count));
}

/** Generators of payloads that must be rejected in a valid frame, by kind. */
export const hostilePayloads = {
  "duplicate key": (): fc.Arbitrary<HostilePayload> =>
    placed(
      twice((key) => fc.constant(rawText(key))),
      MALFORMED,
    ),
  "duplicate key under another head": (): fc.Arbitrary<HostilePayload> =>
    placed(twice(inLongerHead), MALFORMED),
  "key that is not text": (): fc.Arbitrary<HostilePayload> =>
    placed(catalogued("key that is not text"), MALFORMED),
  "forbidden key": (): fc.Arbitrary<HostilePayload> =>
    placed(catalogued("forbidden key"), MALFORMED),
  "extension type": (): fc.Arbitrary<HostilePayload> =>
    placed(catalogued("extension type"), MALFORMED),
  "unassigned byte": (): fc.Arbitrary<HostilePayload> =>
    placed(catalogued("unassigned byte"), MALFORMED),
  "text that is not UTF-8": (): fc.Arbitrary<HostilePayload> =>
    placed(
      fc
        .tuple(fc.string({ maxLength: 8 }), catalogued("text that is not UTF-8"))
        .map(([before, text]) => concat(encodeUtf8(before), text.subarray(1)))
        .map((bytes) => concat(raw(0xd9, bytes.length), bytes)),
      MALFORMED,
    ),
  "integer past 2^53": (): fc.Arbitrary<HostilePayload> =>
    placed(catalogued("integer past 2^53"), BEYOND),
  "time without end": (): fc.Arbitrary<HostilePayload> =>
    placed(catalogued("time without end"), MALFORMED),
  "deep nesting": (): fc.Arbitrary<HostilePayload> =>
    fc.integer({ min: MAX_NESTING - 1, max: 2000 }).map((containers) => ({
      payload: ofDepth(containers),
      codes: BEYOND,
    })),
  "many elements": (): fc.Arbitrary<HostilePayload> =>
    // The frame's four entries and the payload's one entry count too.
    fc.integer({ min: MAX_ELEMENTS - 4, max: MAX_ELEMENTS + 1000 }).map((count) => ({
      payload: ofElements(count),
      codes: BEYOND,
    })),
  "bomb of containers": (): fc.Arbitrary<HostilePayload> =>
    placed(
      fc
        .tuple(fc.constantFrom(0xdd, 0xdf), fc.integer({ min: MAX_ELEMENTS, max: 0xffff_ffff }))
        .map(([head, count]) => raw(head, ...u32(count))),
      EITHER,
    ),
  "bomb of bytes": (): fc.Arbitrary<HostilePayload> =>
    placed(
      fc
        .tuple(fc.constantFrom(0xc6, 0xdb), fc.integer({ min: 0x0010_0000, max: 0xffff_ffff }))
        .map(([head, length]) => raw(head, ...u32(length))),
      MALFORMED,
    ),
  "payload that is no map": (): fc.Arbitrary<HostilePayload> =>
    fc
      .constantFrom(...invalidPayloads.filter(({ kind }) => kind === "payload that is no map"))
      .map(({ payload }) => ({ payload, codes: MALFORMED })),
} satisfies Record<string, () => fc.Arbitrary<HostilePayload>>;
