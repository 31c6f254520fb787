import { decodeHex } from "../bytes.js";

// The MessagePack is handwritten, so that the contract suite shares no encoder with the library.

interface Kind {
  readonly code: "ERR_MALFORMED" | "ERR_BOUND_EXCEEDED";
  /** What the examples are: a map, another value, or a payload of which the value alone can be valid. */
  readonly form: "map" | "value" | "payload";
  /** Examples by name, in hexadecimal. The first one of each name is in the vectors. */
  readonly faults: Readonly<Record<string, string>>;
}

const MAP = { code: "ERR_MALFORMED", form: "map" } as const;
const VALUE = { code: "ERR_MALFORMED", form: "value" } as const;
const PAYLOAD = { code: "ERR_MALFORMED", form: "payload" } as const;
const BEYOND = { code: "ERR_BOUND_EXCEEDED" } as const;

const PROTO = "5f5f70726f746f5f5f";
const CONSTRUCTOR = "636f6e7374727563746f72";
const PROTOTYPE = "a970726f746f74797065";
const TIMESTAMP = "a974696d657374616d70";
const LETTERS = Array.from({ length: 26 }, (_, at) => `a1${(0x61 + at).toString(16)} c0`).join("");

/** Faults of payloads, by kind and in the order of the vectors. */
const kinds = {
  "duplicate key": {
    ...MAP,
    faults: {
      "a key twice": "82 a161 c0 a161 c0, 82 a3616263 c0 a3616263 c0",
      "a key twice, under a longer head": "82 a161 c0 d90161 c0, 82 a161 c0 db0000000161 c0",
      "a key twice, among many": `de001b ${LETTERS} a161 c0`,
      "a key twice, further in": "81 a161 82 a162 c0 a162 c0",
    },
  },
  "key that is not text": {
    ...MAP,
    faults: {
      "a key that is an integer": "81 01 c0, 81 e0 c0, 81 ff c0, 81 cb 0000000000000000 c0",
      "a key that is nil": "81 c0 c0, 81 c3 c0",
      "a key that is bytes": "81 c40161 c0",
      "a key that is an array":
        "81 90 c0, 81 dc0000 c0, 81 dd00000000 c0, 81 80 c0, 81 de0000 c0, 81 df00000000 c0",
    },
  },
  "forbidden key": {
    ...MAP,
    faults: {
      "the key __proto__": `81 a9${PROTO} c0, 81 d909${PROTO} c0`,
      "the key constructor": `81 ab${CONSTRUCTOR} c0, 81 da000b${CONSTRUCTOR} c0`,
      "the key prototype, further in": `81 a161 81 ${PROTOTYPE} c0, 81 a161 91 81 ${PROTOTYPE} c0`,
    },
  },
  "extension type": {
    ...VALUE,
    faults: {
      "a fixext 1": "d4 01 00, d5 01 0000, d7 ff 0000000000000000",
      "a fixext 16": `d8 01 ${"00".repeat(16)}`,
      "an ext 8": "c7 01 05 00, c8 0001 05 00, c9 00000001 05 00",
      "a timestamp of MessagePack's own": "d6 ff 00000000",
    },
  },
  "unassigned byte": { ...VALUE, faults: { "the byte 0xc1": "c1" } },
  "integer past 2^53": {
    ...VALUE,
    ...BEYOND,
    faults: {
      "the integer 2^53": "cf 0020000000000000, d3 0020000000000000, d3 7fffffffffffffff",
      "the integer −2^53": "d3 ffe0000000000000",
      "the integer 2^64 − 1": "cf ffffffffffffffff",
      "the integer −2^63": "d3 8000000000000000",
    },
  },
  "time without end": {
    ...MAP,
    faults: {
      "NaN under timestamp": `81 ${TIMESTAMP} cb 7ff8000000000000, 81 ${TIMESTAMP} cb 7ff0000000000001`,
      "infinity under timestamp, further in": `81 a161 81 ${TIMESTAMP} cb 7ff0000000000000, 81 ${TIMESTAMP} cb fff0000000000000`,
      "a float32 NaN under timestamp": `81 ${TIMESTAMP} ca 7fc00000, 81 ${TIMESTAMP} ca 7f800000, 81 ${TIMESTAMP} ca ff800000`,
    },
  },
  "text that is not UTF-8": {
    ...VALUE,
    faults: {
      "UTF-8 that stops in a character": "a1c3, a1c2, a2c241, a2e282, a3e282, a3e28241, a4f0908041",
      "UTF-8 with a byte that follows nothing": "a180, a1ff",
      "UTF-8 in an overlong form": "a2c0af, a2c080, a2c1bf, a3e08080, a4f0808080",
      "UTF-8 of a surrogate": "a3eda080, a3edbfbf",
      "UTF-8 past U+10FFFF": "a4f4908080, a4f5808080",
    },
  },
  "key that is not UTF-8": { ...MAP, faults: { "a key that is no UTF-8": "81 a1ff c0" } },
  "deep nesting": {
    ...PAYLOAD,
    ...BEYOND,
    faults: { "seventeen containers in each other": `81 a161 ${"91".repeat(15)} c0` },
  },
  "many elements": {
    ...PAYLOAD,
    ...BEYOND,
    faults: { "65,537 elements": `81 a161 dd0000fffc ${"00".repeat(65_532)}` },
  },
  "bomb of containers": {
    ...VALUE,
    ...BEYOND,
    faults: {
      "an array of 2^32 − 1, of which nothing is there": "dd ffffffff",
      "a map of 2^32 − 1, of which nothing is there": "df ffffffff",
    },
  },
  "bomb of bytes": {
    ...VALUE,
    faults: {
      "a text of 2^32 − 1 bytes, of which nothing is there": "db ffffffff",
      "bytes of 2^32 − 1, of which nothing is there": "c6 ffffffff",
    },
  },
  "payload that is no map": {
    ...PAYLOAD,
    faults: {
      "a payload that is an array": "90, 92 01 02, dd00000000",
      "a payload that is nil": "c0, c2, 05, 7f, e0",
      "a payload that is bytes": "c40180",
      "a payload that is text": "a27b7d, a161",
    },
  },
} as const satisfies Record<string, Kind>;

/** A payload that every reader must reject in a frame that is valid otherwise (M-2, C-1). */
export interface InvalidPayload {
  readonly name: string;
  readonly kind: keyof typeof kinds;
  readonly code: Kind["code"];
  readonly payload: Uint8Array;
  /** The value that makes any payload invalid, if there is one. */
  readonly value: Uint8Array | undefined;
  /** Whether it is a further example of a fault. The vectors have only the first of each. */
  readonly isVariant: boolean;
}

/** All payloads that every reader must reject: the catalogue for vectors, generators, mutants and tests. */
export const invalidPayloads: readonly InvalidPayload[] = Object.entries<Kind>(kinds).flatMap(
  ([kind, { code, form, faults }]) =>
    Object.entries(faults).flatMap(([name, examples]) =>
      examples.split(", ").map((example, at): InvalidPayload => {
        const decode = (digits: string) => decodeHex(digits.replaceAll(" ", ""))!;
        return {
          name: at === 0 ? name : `${kind}: ${example}`,
          kind: kind as InvalidPayload["kind"],
          code,
          payload: decode(form === "value" ? `81 a161 ${example}` : example),
          value: form === "payload" ? undefined : decode(example),
          isVariant: at > 0,
        };
      }),
    ),
);

/** Returns the values of a kind that make any payload invalid. */
export function invalidValues(kind: InvalidPayload["kind"]): Uint8Array[] {
  return invalidPayloads.flatMap((one) =>
    one.kind === kind && one.value !== undefined ? [one.value] : [],
  );
}
