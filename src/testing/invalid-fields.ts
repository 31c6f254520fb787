import { concat } from "../bytes.js";
import type { SigningKey } from "../envelope/signing-key.js";
import { type RawWire2Fields, rawBin, rawFloat64, rawText, rawWire1, rawWire2 } from "./raw.js";

/** A field that every reader must reject in a frame that is signed correctly. */
export interface InvalidField {
  readonly name: string;
  readonly requirement: string;
  readonly field: Field;
  /** Returns the MessagePack of the invalid field, from that of the valid one. */
  readonly make: (valid: Uint8Array) => Uint8Array;
  /** Whether it is a further example of a fault. The vectors have only the first of each. */
  readonly isVariant: boolean;
}

type Field = "version" | "keyId" | "id" | "timestamp" | "type" | "payloadInBin";

/** Encodes an integer up to 127, or a text or byte string up to 65,535 bytes, with a longer head than it has. */
export function inLongerHead(value: Uint8Array): Uint8Array {
  const head = value[0]!;
  if (head < 0x80) return concat(Uint8Array.of(0xcc), value);
  if (head < 0xc0) return concat(Uint8Array.of(0xd9, head & 31), value.subarray(1));
  // The next head is that of a length with twice as many bytes.
  const zeros = new Uint8Array(head === 0xc4 || head === 0xd9 ? 1 : 2);
  return concat(Uint8Array.of(head + 1), zeros, value.subarray(1));
}

function fault(
  requirement: string,
  field: Field,
  name: string,
  ...examples: (readonly number[] | Uint8Array | InvalidField["make"])[]
): InvalidField[] {
  return examples.map((example, at) => ({
    name: at === 0 ? name : `${name}, variant ${at}`,
    requirement,
    field,
    make: typeof example === "function" ? example : () => Uint8Array.from(example),
    isVariant: at > 0,
  }));
}

const NIL = [0xc0];
const FLOAT_32 = [0xca, 0x4e, 0xca, 0xa7, 0xe2];
const NAN = rawFloat64(Number.NaN);
const ENDLESS = [rawFloat64(Number.POSITIVE_INFINITY), rawFloat64(Number.NEGATIVE_INFINITY)];
const TOO_LONG = [rawText("t".repeat(65)), rawText("ñ".repeat(33))];
const content = (bin: Uint8Array) => bin.subarray(bin[0] === 0xc4 ? 2 : 3);
const farLonger = (value: Uint8Array) => inLongerHead(inLongerHead(value));

/** All invalid fields by wire, in the order of the vectors. */
export const invalidFields: { readonly [wire in 1 | 2]: readonly InvalidField[] } = {
  1: [
    fault("W1-5", "type", "an empty type", rawText("")),
    fault("W1-5", "type", "a type of 65 bytes", ...TOO_LONG),
    fault("W1-5", "type", "a type that is an integer", [1]),
    fault("W1-5", "timestamp", "a timestamp that is a float32", FLOAT_32),
    fault(
      "W1-5",
      "timestamp",
      "a timestamp that is text",
      rawText("1700000000"),
      [0xd9, 0],
      [0x80],
    ),
    fault(
      "W1-5",
      "timestamp",
      "a timestamp that is nil",
      NIL,
      [0xc3],
      [0xc4, 0],
      [0xdf, 0, 0, 0, 0],
    ),
    fault("M-2", "timestamp", "a timestamp that is NaN", NAN, ...ENDLESS),
  ].flat(),
  2: [
    fault("W2-2", "version", "version 1", [1]),
    fault("W2-2", "version", "version 3", [3]),
    fault("W2-2", "version", "version 2 in two bytes", inLongerHead),
    fault("W2-2", "version", "version 2.0", rawFloat64(2)),
    fault("W2-2", "keyId", "a key id under a longer head", inLongerHead, farLonger),
    fault("W2-2", "keyId", "a key id of 65 bytes", rawText("k".repeat(65))),
    fault("W2-2", "keyId", "a key id that is nil", NIL, [0xc4, 0], [0x80]),
    fault("C-1", "keyId", "a key id that is no UTF-8", [0xa1, 0xff]),
    fault("W2-2", "id", "an id of 15 bytes", (id) => rawBin(id.subarray(3))),
    fault("W2-2", "id", "an id of 17 bytes", (id) =>
      rawBin(concat(id.subarray(2), Uint8Array.of(0))),
    ),
    fault("W2-2", "id", "an id under a longer head", inLongerHead),
    fault("W2-2", "id", "an id that is text", rawText("018bcfe568007abc")),
    fault("W2-2", "timestamp", "a timestamp that is an integer", [0xce, 0x65, 0x53, 0xf1, 0]),
    fault(
      "W2-2",
      "timestamp",
      "a timestamp that is a float32",
      FLOAT_32,
      rawText("1700000000"),
      NIL,
    ),
    fault("W2-2", "timestamp", "a timestamp that is NaN", NAN),
    fault("W2-2", "timestamp", "a timestamp that is infinite", ...ENDLESS),
    fault("W2-2", "type", "an empty type", rawText("")),
    fault("W2-2", "type", "a type of 65 bytes", ...TOO_LONG),
    fault("W2-2", "type", "a type under a longer head", inLongerHead),
    fault("W2-2", "payloadInBin", "a payload under a longer head", inLongerHead, farLonger),
    fault("W2-2", "payloadInBin", "a payload that stands there itself", content),
  ].flat(),
};

/** Returns a frame with one invalid field and a valid signature. */
export function frameWith(
  { field, make }: InvalidField,
  wire: 1 | 2,
  key: SigningKey,
  fields: RawWire2Fields,
): Uint8Array {
  const valid = {
    version: Uint8Array.of(2),
    keyId: rawText(key.id),
    id: rawBin(new Uint8Array(16)),
    payloadInBin: rawBin(fields.payload),
    ...fields,
  };
  return (wire === 1 ? rawWire1 : rawWire2)(key, { ...valid, [field]: make(valid[field]) });
}
