import fc from "fast-check";
import { concat, decodeUuid, encodeUtf8 } from "../../bytes.js";
import { MessageProtocol } from "../../envelope/message-protocol.js";
import { SigningKey } from "../../envelope/signing-key.js";
import type { LacreErrorCode } from "../../errors.js";
import { DEFAULT_CLOCK_TOLERANCE, DEFAULT_MAX_AGE, MAX_FRAME_BYTES } from "../../limits.js";
import { frameWith, type InvalidField, inLongerHead, invalidFields } from "../invalid-fields.js";
import { rawFloat64, rawMap, rawText, rawWire1, rawWire2 } from "../raw.js";
import { type FrameGeneratorOptions, frame, keyOf, wireOf } from "./frames.js";
import { hostilePayloads } from "./hostile-payloads.js";

/** A frame that every receiver must reject. */
export interface HostileFrame {
  /** Why the frame must be rejected. */
  readonly kind: HostileKind;
  readonly bytes: Uint8Array;
  /** The receiver's key. */
  readonly key: SigningKey;
  /** Time of receipt, Unix time in seconds. */
  readonly now: number;
  /** Codes of the errors that a receiver may throw. */
  readonly codes: readonly LacreErrorCode[];
}

/** The reason why a hostile frame must be rejected. */
export type HostileKind = keyof typeof hostilePayloads | keyof typeof hostileFrames;

type Hostile = Omit<HostileFrame, "kind">;

const NOW = 1_700_000_000;
const MALFORMED = ["ERR_MALFORMED"] as const;
const EMPTY_MAP = Uint8Array.of(0x80);
const FIELDS = { type: rawText("test"), payload: EMPTY_MAP, timestamp: rawFloat64(NOW) };
/** Offset of the version in a wire 2 frame. */
const VERSION_AT = 1;

/** Generates valid frames and changes them. */
function changed(
  options: FrameGeneratorOptions,
  codes: readonly LacreErrorCode[],
  change: (frame: {
    readonly bytes: Uint8Array;
    readonly key: SigningKey;
  }) => fc.Arbitrary<Uint8Array>,
): fc.Arbitrary<Hostile> {
  return frame(options).chain(({ bytes, key, timestamp: now }) =>
    change({ bytes, key }).map((hostile) => ({ bytes: hostile, key, now, codes })),
  );
}

/** Generates one of the given frames, which have a valid signature. */
function byHand(
  options: FrameGeneratorOptions,
  wires: {
    readonly 1?: (key: SigningKey) => Uint8Array[];
    readonly 2?: (key: SigningKey) => Uint8Array[];
  },
): fc.Arbitrary<Hostile> {
  const wire = fc.constantFrom(...([1, 2] as const).filter((one) => wires[one] !== undefined));
  return fc
    .tuple(options.wire === undefined ? wire : fc.constant(options.wire), keyOf(options))
    .chain(([wire, key]) =>
      fc
        .constantFrom(...wires[wire]!(key))
        .map((bytes) => ({ bytes, key, now: NOW, codes: MALFORMED })),
    );
}

function ofAge(
  options: FrameGeneratorOptions,
  codes: readonly LacreErrorCode[],
  ages: fc.Arbitrary<number>,
): fc.Arbitrary<Hostile> {
  return fc.tuple(wireOf(options), keyOf(options), ages).map(([wire, key, age]) => {
    const message = new MessageProtocol({ type: "test", payload: {}, timestamp: NOW - age, wire });
    return { bytes: message.sign(key).toBytes(), key, now: NOW, codes };
  });
}

const OLDEST = DEFAULT_MAX_AGE + DEFAULT_CLOCK_TOLERANCE;

/** Generates frames with one of the catalogue's invalid fields and a valid signature. */
function catalogued(
  options: FrameGeneratorOptions,
  isOfKind: (fault: InvalidField) => boolean,
): fc.Arbitrary<Hostile> {
  const framesOn = (wire: 1 | 2) => (key: SigningKey) =>
    invalidFields[wire].filter(isOfKind).map((fault) => frameWith(fault, wire, key, FIELDS));
  return byHand(options, { 1: framesOn(1), 2: framesOn(2) });
}

/** Generators of frames that must be rejected for their envelope, by kind. */
const hostileFrames = {
  "no frame": (options: FrameGeneratorOptions): fc.Arbitrary<Hostile> =>
    fc
      .tuple(fc.uint8Array({ maxLength: 200 }), keyOf(options))
      .filter(([bytes]) => bytes[0] !== 0x97 && !(bytes[0]! >= 0x82 && bytes[0]! <= 0x84))
      .map(([bytes, key]) => ({ bytes, key, now: NOW, codes: MALFORMED })),
  truncated: (options: FrameGeneratorOptions): fc.Arbitrary<Hostile> =>
    changed(options, MALFORMED, ({ bytes }) =>
      fc.nat(bytes.length - 1).map((length) => bytes.slice(0, length)),
    ),
  "bytes after the end": (options: FrameGeneratorOptions): fc.Arbitrary<Hostile> =>
    changed(options, MALFORMED, ({ bytes }) =>
      fc.uint8Array({ minLength: 1, maxLength: 40 }).map((more) => concat(bytes, more)),
    ),
  "too large": (options: FrameGeneratorOptions): fc.Arbitrary<Hostile> =>
    fc.tuple(wireOf(options), keyOf(options), fc.nat(1000)).map(([wire, key, more]) => {
      const payload = { filler: "x".repeat(MAX_FRAME_BYTES + more) };
      const fields = {
        type: "test",
        payload,
        wire,
        timestamp: NOW,
        maxFrameBytes: 2 * MAX_FRAME_BYTES,
      };
      const bytes = new MessageProtocol(fields).sign(key).toBytes();
      return { bytes, key, now: NOW, codes: ["ERR_BOUND_EXCEEDED"] as const };
    }),
  "type out of bounds": (options: FrameGeneratorOptions): fc.Arbitrary<Hostile> =>
    catalogued(options, ({ field }) => field === "type"),
  "envelope without a sound time": (options: FrameGeneratorOptions): fc.Arbitrary<Hostile> =>
    catalogued(options, ({ field }) => field === "timestamp"),
  "unknown or missing entry": (options: FrameGeneratorOptions): fc.Arbitrary<Hostile> => {
    const entry = (name: string, value: Uint8Array) => [rawText(name), value] as const;
    const [type, payload] = [entry("type", rawText("test")), entry("payload", EMPTY_MAP)];
    const [timestamp, signature] = [
      entry("timestamp", rawFloat64(NOW)),
      entry("signature", rawText("")),
    ];
    return byHand(
      { ...options, wire: 1 },
      {
        1: () => [
          rawMap(type, timestamp, signature),
          rawMap(payload, timestamp, signature),
          rawMap(type, payload, timestamp, entry("extra", rawText(""))),
          rawMap(type, payload, timestamp, entry("signature", Uint8Array.of(0xc0))),
        ],
      },
    );
  },
  "head longer than it need be": (options: FrameGeneratorOptions): fc.Arbitrary<Hostile> =>
    catalogued({ ...options, wire: 2 }, ({ make }) => make === inLongerHead),
  "another version": (options: FrameGeneratorOptions): fc.Arbitrary<Hostile> =>
    changed({ ...options, wire: 2 }, MALFORMED, ({ bytes }) =>
      fc
        .integer({ min: 0, max: 255 })
        .filter((version) => version !== 2)
        .map((version) => bytes.with(VERSION_AT, version)),
    ),
  unsigned: (options: FrameGeneratorOptions): fc.Arbitrary<Hostile> =>
    frame({ ...options, wire: 1 }).map(({ type, payload, timestamp, key }) => ({
      bytes: new MessageProtocol({ type, payload, timestamp }).toBytes({ unsigned: true }),
      ...{ key, now: timestamp, codes: ["ERR_VERIFY"] as const },
    })),
  "another key": (options: FrameGeneratorOptions): fc.Arbitrary<Hostile> =>
    frame(options).map(({ bytes, timestamp: now }) => ({
      ...{ bytes, now, codes: ["ERR_VERIFY"] as const },
      key: SigningKey.from(ID),
    })),
  "changed bit": (options: FrameGeneratorOptions): fc.Arbitrary<Hostile> =>
    changed(
      options,
      // A changed length or head makes the frame malformed before it can be verified.
      ["ERR_VERIFY", "ERR_MALFORMED", "ERR_BOUND_EXCEEDED"],
      ({ bytes }) =>
        fc
          .tuple(fc.nat(bytes.length - 1), fc.nat(7))
          .map(([at, bit]) => bytes.with(at, bytes[at]! ^ (1 << bit))),
    ),
  "signature in capitals": (options: FrameGeneratorOptions): fc.Arbitrary<Hostile> =>
    changed({ ...options, wire: 1 }, ["ERR_VERIFY"], ({ bytes }) => {
      const digits = new TextDecoder().decode(bytes.subarray(-64));
      return fc.constant(concat(bytes.subarray(0, -64), encodeUtf8(digits.toUpperCase())));
    }).filter(({ bytes }) => /[A-F]/.test(new TextDecoder().decode(bytes.subarray(-64)))),
  stale: (options: FrameGeneratorOptions): fc.Arbitrary<Hostile> =>
    ofAge(options, ["ERR_EXPIRED"], fc.double({ min: OLDEST + 1, max: NOW, noNaN: true })),
  "from the future": (options: FrameGeneratorOptions): fc.Arbitrary<Hostile> =>
    ofAge(
      options,
      ["ERR_FROM_FUTURE"],
      fc.double({ min: -1e9, max: -DEFAULT_CLOCK_TOLERANCE - 1, noNaN: true }),
    ),
} satisfies Record<string, (options: FrameGeneratorOptions) => fc.Arbitrary<Hostile>>;

/** The id of hand-made frames, also used as a secret that signs no generated frame. */
const ID = /* @__PURE__ */ decodeUuid("018bcfe5-687b-7abc-8def-0123456789ab")!;

function withPayload(kind: keyof typeof hostilePayloads, options: FrameGeneratorOptions) {
  return fc
    .tuple(hostilePayloads[kind](), wireOf(options), keyOf(options))
    .map(([{ payload, codes }, wire, key]): Hostile => {
      const bytes = (wire === 1 ? rawWire1 : rawWire2)(key, { ...FIELDS, payload });
      return { bytes, key, now: NOW, codes };
    });
}

/** All kinds of hostile frames. */
export const HOSTILE_KINDS: readonly HostileKind[] = [
  ...(Object.keys(hostilePayloads) as HostileKind[]),
  ...(Object.keys(hostileFrames) as HostileKind[]),
];

/**
 * Generates frames that every receiver must reject, of all kinds or of one. A frame has only the fault of its kind: its
 * signature is valid if it can have one.
 *
 * ```ts
 * fc.property(hostileFrame(), ({ bytes, key, now, codes }) => {
 *   expect(codes).toContain(codeOf(() => MessageProtocol.open(bytes, { key, now })));
 * });
 * ```
 */
export function hostileFrame({
  kind,
  ...options
}: FrameGeneratorOptions & { readonly kind?: HostileKind } = {}): fc.Arbitrary<HostileFrame> {
  const kinds = kind === undefined ? HOSTILE_KINDS : [kind];
  return fc.oneof(
    ...kinds.map((kind) => {
      const hostile =
        kind in hostilePayloads
          ? withPayload(kind as keyof typeof hostilePayloads, options)
          : hostileFrames[kind as keyof typeof hostileFrames](options);
      return hostile.map((one): HostileFrame => ({ kind, ...one }));
    }),
  );
}
