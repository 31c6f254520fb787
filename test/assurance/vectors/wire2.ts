import { macOf } from "../../../src/envelope/signing-key.js";
import { SigningKey } from "../../../src/index.js";
import { frameWith } from "../../../src/testing/invalid-fields.js";
import {
  type RawWire2Fields,
  rawBin,
  rawFloat64,
  rawMap,
  rawText,
  rawWire2,
} from "../../../src/testing/raw.js";
import type { InvalidFrame, ValidFrame, Vectors } from "../../../src/testing/vectors.js";
import { counting, toHex } from "../../support/hex.js";
import { errors, joined, notated, rejection, valued } from "./notation.js";
import { rejectedFields, rejectedPayloads, soundPayloads } from "./payloads.js";

const SECRET = counting(32);
const NOW = 1_700_000_000;
const KEY = SigningKey.from(SECRET, { id: "k1" });
const NAMELESS = SigningKey.from(SECRET);
const AT = { secret: { $hex: toHex(SECRET) }, key_id: KEY.id, now: NOW };
const ID = joined([
  0x01, 0x8b, 0xcf, 0xe5, 0x68, 0, 0x7a, 0xbc, 0x8d, 0xef, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab,
]);
const FIELDS: RawWire2Fields = {
  id: rawBin(ID),
  type: rawText("test"),
  payload: rawMap([rawText("data"), rawText("hello")]),
  timestamp: rawFloat64(NOW),
};
const made = (other: Partial<RawWire2Fields> = {}, key = KEY) =>
  rawWire2(key, { ...FIELDS, ...other });
const SOUND = made();

interface Circumstances {
  readonly now?: number;
  readonly key_id?: string;
}

function valid(
  requirement: string,
  name: string,
  frame: Uint8Array,
  payload: object = { data: "hello" },
  { type = "test", ...at }: Circumstances & { readonly type?: string } = {},
): ValidFrame {
  const vector = { name, requirement, ...AT, ...at, frame: notated(frame) };
  return { ...vector, type, timestamp: NOW, payload: valued(payload) };
}

function invalid(
  requirement: string,
  name: string,
  frame: Uint8Array,
  error: InvalidFrame["error"],
  { reason = name, ...at }: Circumstances & { readonly reason?: string } = {},
): InvalidFrame {
  return { ...rejection(requirement, name, error, reason), ...AT, ...at, frame: notated(frame) };
}

const { malformed, beyond, verify, expired, fromFuture } = errors;
const MAC_BYTES = 32;
const covered = SOUND.slice(0, -MAC_BYTES - 2);
const mac = SOUND.slice(-MAC_BYTES);
const BROKEN = rejectedPayloads[0]!.payload;

/** The default frame with one bit of its mac changed. */
function spoiled(frame: Uint8Array): Uint8Array {
  return frame.map((byte, at) => (at === frame.length - 1 ? byte ^ 1 : byte));
}

export const wire2: Vectors<ValidFrame, InvalidFrame> = {
  valid: [
    valid("W2-1", "the frame of the specification", SOUND),
    valid("W2-6", "a key without an id", made({}, NAMELESS), undefined, { key_id: "" }),
    valid(
      "W2-2",
      "a key id of 64 bytes",
      made({}, SigningKey.from(SECRET, { id: "k".repeat(64) })),
      undefined,
      { key_id: "k".repeat(64) },
    ),
    valid("W2-2", "a type of 64 bytes", made({ type: rawText("ñ".repeat(32)) }), undefined, {
      type: "ñ".repeat(32),
    }),
    valid("W2-2", "an id that is no UUIDv7", made({ id: rawBin(new Uint8Array(16).fill(0xff)) })),
    valid("W2-2", "a payload of 256 bytes", made({ payload: ofLength(256) }), {
      data: "x".repeat(256 - 8),
    }),
    valid("O-2", "a frame that is as old as one may be", SOUND, undefined, { now: NOW + 360 }),
    valid("O-2", "a frame that is as far ahead as one may be", SOUND, undefined, { now: NOW - 60 }),
    ...soundPayloads.map(([requirement, name, payload, value]) =>
      valid(requirement, name, made({ payload }), value),
    ),
  ],
  invalid: [
    invalid("W2-2", "an array of six", joined([0x96], SOUND.subarray(1)), malformed),
    invalid("W2-2", "an array of eight", joined([0x98], SOUND.subarray(1), [0xc0]), malformed),
    invalid(
      "W2-2",
      "an array of seven under a longer head",
      joined([0xdc, 0, 7], SOUND.subarray(1)),
      malformed,
    ),
    ...rejectedFields[2].map((fault) =>
      invalid(fault.requirement, fault.name, frameWith(fault, 2, KEY, FIELDS), malformed),
    ),
    invalid("W2-3", "no mac", joined([0x96], covered.subarray(1)), malformed),
    invalid("W2-2", "a mac that is nil", joined(covered, [0xc0]), malformed),
    invalid("W2-2", "a mac of 31 bytes", joined(covered, rawBin(mac.slice(1))), malformed),
    invalid("W2-2", "a mac of 33 bytes", joined(covered, rawBin(joined(mac, [0]))), malformed),
    invalid("W2-2", "a mac under a longer head", joined(covered, [0xc5, 0, 32], mac), malformed),
    invalid("W2-2", "a mac that is text", joined(covered, rawText(toHex(mac))), malformed),
    invalid("W2-2", "a byte after the mac", joined(SOUND, [0]), malformed),
    invalid("W2-2", "a frame that is cut short", SOUND.slice(0, -1), malformed),
    invalid(
      "W2-2",
      "a payload of 2^32 − 1 bytes, of which nothing is there",
      joined(SOUND.slice(0, 37), [0xc6, 255, 255, 255, 255]),
      malformed,
    ),
    invalid("M-1", "1,048,577 bytes", ofFrameLength(1_048_577), beyond),
    ...rejectedPayloads.map(({ name, payload, error }) =>
      invalid("M-2", name, made({ payload }), error, {
        reason: `the payload has ${name}, though the mac is right`,
      }),
    ),
    invalid(
      "M-2",
      "bytes after the payload's map",
      made({ payload: joined(FIELDS.payload, [0xc0]) }),
      malformed,
    ),
    invalid("M-2", "a payload of no bytes", made({ payload: joined([]) }), malformed, {
      reason: "no bytes are no map",
    }),
    invalid("W2-1", "a mac with a bit changed", spoiled(SOUND), verify),
    invalid(
      "W2-1",
      "another key's mac",
      made({}, SigningKey.from("another", { id: "k1" })),
      verify,
    ),
    invalid(
      "W2-1",
      "a mac over the frame and the mac's own head",
      joined(covered, rawBin(macOf(KEY)(joined(covered, [0xc4, 32])))),
      verify,
    ),
    invalid(
      "W2-5",
      "a broken payload under a wrong mac",
      spoiled(made({ payload: BROKEN })),
      verify,
      {
        reason: "a payload is not looked at before the frame is verified",
      },
    ),
    invalid("W2-6", "the id of another key", SOUND, verify, { key_id: "k2" }),
    invalid("W2-6", "a key id where the key has none", SOUND, verify, { key_id: "" }),
    invalid("W2-6", "no key id where the key has one", made({}, NAMELESS), verify),
    invalid("O-2", "a frame that is too old", SOUND, expired, { now: NOW + 361 }),
    invalid("O-2", "a frame that is too far ahead", SOUND, fromFuture, { now: NOW - 61 }),
    invalid("O-1", "an old frame with a wrong mac", spoiled(SOUND), verify, {
      now: NOW + 1000,
      reason: "nobody learns of a frame that is not authentic whether it is fresh",
    }),
    invalid("O-1", "an old frame with a broken payload", made({ payload: BROKEN }), expired, {
      now: NOW + 1000,
      reason: "on wire 2 a payload is looked at last",
    }),
  ],
};

/** A payload of `length` bytes, with a text of 100 to 255 bytes. */
function ofLength(length: number): Uint8Array {
  return rawMap([rawText("data"), rawText("x".repeat(length - 8))]);
}

function ofFrameLength(length: number): Uint8Array {
  const of = (count: number) =>
    made({ payload: rawMap([rawText("data"), rawText("x".repeat(count))]) });
  return of(100_000 + length - of(100_000).length);
}
