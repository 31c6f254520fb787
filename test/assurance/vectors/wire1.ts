import { encodeHex } from "../../../src/bytes.js";
import { macOf } from "../../../src/envelope/signing-key.js";
import { SigningKey } from "../../../src/index.js";
import { frameWith } from "../../../src/testing/invalid-fields.js";
import { type RawFields, rawFloat64, rawMap, rawText, rawWire1 } from "../../../src/testing/raw.js";
import type { InvalidFrame, ValidFrame, Vectors } from "../../../src/testing/vectors.js";
import { utf8 } from "../../support/hex.js";
import { errors, joined, notated, rejection, valued } from "./notation.js";
import { rejectedFields, rejectedPayloads, soundPayloads } from "./payloads.js";

const SECRET = "clave secreta ñ 🔑";
const KEY = SigningKey.from(SECRET);
const NOW = 1_700_000_000;
const AT = { secret: SECRET, key_id: "", now: NOW };
const PAYLOAD = rawMap([rawText("data"), rawText("hello")]);
const FIELDS: RawFields = { type: rawText("test"), payload: PAYLOAD, timestamp: rawFloat64(NOW) };
const ENTRY = {
  type: [rawText("type"), FIELDS.type],
  payload: [rawText("payload"), PAYLOAD],
  timestamp: [rawText("timestamp"), FIELDS.timestamp],
} as const;
const SOUND = rawWire1(KEY, FIELDS);

const signatureOf = (covered: Uint8Array) => encodeHex(macOf(KEY)(covered));
const RIGHT = signatureOf(rawMap(ENTRY.type, ENTRY.payload, ENTRY.timestamp));

/** The default frame with another signature. */
function signed(signature: Uint8Array): Uint8Array {
  const { type, payload, timestamp } = ENTRY;
  return rawMap(type, payload, timestamp, [rawText("signature"), signature]);
}

function valid(
  requirement: string,
  name: string,
  frame: Uint8Array,
  { type = "test", timestamp = NOW, payload = { data: "hello" } as object, at = {} } = {},
): ValidFrame {
  const { now = NOW } = at as { now?: number };
  const vector = { name, requirement, ...AT, now, frame: notated(frame) };
  return { ...vector, type, timestamp, payload: valued(payload) };
}

function invalid(
  requirement: string,
  name: string,
  frame: Uint8Array,
  error: InvalidFrame["error"],
  { reason = name, now = NOW }: { reason?: string; now?: number } = {},
): InvalidFrame {
  return { ...rejection(requirement, name, error, reason), ...AT, now, frame: notated(frame) };
}

const { malformed, beyond, verify, expired, fromFuture } = errors;
const entry = (name: string, value: Uint8Array) => [rawText(name), value] as const;
const NIL = joined([0xc0]);
const INTEGER = joined([0xce, 0x65, 0x53, 0xf1, 0x00]);
const OTHER_ORDERS = [
  ["type", "timestamp", "payload", "signature"],
  ["signature", "timestamp", "payload", "type"],
] as const;

export const wire1: Vectors<ValidFrame, InvalidFrame> = {
  valid: [
    valid("W1-1", "the frame of the specification's kind", SOUND),
    valid(
      "W1-5",
      "a timestamp that is an integer",
      rawWire1(KEY, { ...FIELDS, timestamp: INTEGER }),
    ),
    valid(
      "W1-1",
      "a time between seconds",
      rawWire1(KEY, { ...FIELDS, timestamp: rawFloat64(NOW + 0.123456) }),
      { timestamp: NOW + 0.123456 },
    ),
    valid(
      "W1-5",
      "a type of 64 bytes",
      rawWire1(KEY, { ...FIELDS, type: rawText("ñ".repeat(32)) }),
      { type: "ñ".repeat(32) },
    ),
    ...OTHER_ORDERS.map((order) =>
      valid("W1-7", `the entries in the order ${order.join(", ")}`, rawWire1(KEY, FIELDS, order)),
    ),
    valid("O-2", "a frame that is as old as one may be", SOUND, { at: { now: NOW + 360 } }),
    valid("O-2", "a frame that is as far ahead as one may be", SOUND, { at: { now: NOW - 60 } }),
    ...soundPayloads.map(([requirement, name, payload, value]) =>
      valid(requirement, name, rawWire1(KEY, { ...FIELDS, payload }), { payload: value }),
    ),
  ],
  invalid: [
    invalid("W1-5", "no bytes", joined([]), malformed),
    invalid("W1-5", "a map of one", rawMap(ENTRY.type), malformed),
    invalid(
      "W1-5",
      "a map of five",
      rawMap(
        ENTRY.type,
        ENTRY.payload,
        ENTRY.timestamp,
        entry("signature", rawText(RIGHT)),
        entry("more", NIL),
      ),
      malformed,
    ),
    invalid(
      "W1-5",
      "a map of four under a longer head",
      joined([0xde, 0, 4], SOUND.subarray(1)),
      malformed,
    ),
    invalid("W1-5", "text", utf8('{"type":"test","payload":{}}'), malformed),
    invalid(
      "W1-5",
      "no type",
      rawMap(ENTRY.payload, ENTRY.timestamp, entry("signature", rawText(RIGHT))),
      malformed,
    ),
    invalid(
      "W1-5",
      "no payload",
      rawMap(ENTRY.type, ENTRY.timestamp, entry("signature", rawText(RIGHT))),
      malformed,
    ),
    invalid(
      "W1-5",
      "an entry of another name",
      rawMap(ENTRY.type, ENTRY.payload, ENTRY.timestamp, entry("sig", rawText(RIGHT))),
      malformed,
    ),
    invalid(
      "M-2",
      "the type twice",
      rawMap(ENTRY.type, ENTRY.payload, ENTRY.timestamp, ENTRY.type),
      malformed,
    ),
    ...rejectedFields[1].map((fault) =>
      invalid(fault.requirement, fault.name, frameWith(fault, 1, KEY, FIELDS), malformed),
    ),
    invalid("W1-5", "a signature that is nil", signed(NIL), malformed),
    invalid(
      "W1-5",
      "a signature that is bytes",
      signed(joined([0xc4, 32], new Array(32).fill(1))),
      malformed,
    ),
    invalid("M-2", "a byte after the end", joined(SOUND, [0xc0]), malformed),
    invalid("M-2", "a frame that is cut short", SOUND.slice(0, -1), malformed),
    invalid(
      "M-1",
      "1,048,577 bytes",
      rawWire1(KEY, { ...FIELDS, payload: ofLength(1_048_577) }),
      beyond,
    ),
    ...rejectedPayloads.map(({ name, payload, error }) =>
      invalid("M-2", name, rawWire1(KEY, { ...FIELDS, payload }), error, {
        reason: `the payload has ${name}, though the signature is right`,
      }),
    ),
    invalid("W1-6", "no signature", rawMap(ENTRY.type, ENTRY.payload, ENTRY.timestamp), verify),
    invalid("W1-6", "an empty signature", signed(rawText("")), verify),
    invalid(
      "W1-6",
      "no timestamp",
      rawMap(
        ENTRY.type,
        ENTRY.payload,
        entry("signature", rawText(signatureOf(rawMap(ENTRY.type, ENTRY.payload)))),
      ),
      verify,
    ),
    invalid("W1-8", "a signature in capitals", signed(rawText(RIGHT.toUpperCase())), verify),
    invalid(
      "W1-8",
      "a signature that is cut to 32 digits",
      signed(rawText(RIGHT.slice(0, 32))),
      verify,
    ),
    invalid("W1-8", "a signature with a digit more", signed(rawText(`${RIGHT}0`)), verify),
    invalid("W1-8", "a signature with a space before it", signed(rawText(` ${RIGHT}`)), verify),
    invalid(
      "W1-1",
      "another key's signature",
      rawWire1(SigningKey.from("another"), FIELDS),
      verify,
    ),
    invalid(
      "W1-1",
      "a payload that was changed",
      joined(SOUND).map((byte, at) => (at === 27 ? byte ^ 1 : byte)),
      verify,
    ),
    invalid(
      "W1-1",
      "a signature over all four entries",
      signed(rawText(signatureOf(signed(rawText(""))))),
      verify,
    ),
    invalid(
      "W1-1",
      "a signature over the payload alone",
      signed(rawText(signatureOf(PAYLOAD))),
      verify,
    ),
    invalid(
      "W1-7",
      "a signature over the float where an integer stands",
      rawMap(
        ENTRY.type,
        ENTRY.payload,
        entry("timestamp", INTEGER),
        entry("signature", rawText(RIGHT)),
      ),
      verify,
      { reason: "the bytes as received are verified, and not what they mean" },
    ),
    invalid(
      "W1-7",
      "a signature over the shortest form of a payload that has another",
      rawMap(
        ENTRY.type,
        entry("payload", joined([0xde, 0, 1], PAYLOAD.subarray(1))),
        ENTRY.timestamp,
        entry("signature", rawText(RIGHT)),
      ),
      verify,
      { reason: "a verifier does not encode anew" },
    ),
    invalid(
      "W1-7",
      "a signature over the entries as they stand, in another order",
      rawMap(
        ENTRY.payload,
        ENTRY.type,
        ENTRY.timestamp,
        entry(
          "signature",
          rawText(signatureOf(rawMap(ENTRY.payload, ENTRY.type, ENTRY.timestamp))),
        ),
      ),
      verify,
      { reason: "the three entries are put in order before they are verified" },
    ),
    invalid("O-2", "a frame that is too old", SOUND, expired, { now: NOW + 361 }),
    invalid("O-2", "a frame that is too far ahead", SOUND, fromFuture, { now: NOW - 61 }),
  ],
};

/** A payload with which the default frame has `length` bytes. */
function ofLength(length: number): Uint8Array {
  const of = (count: number) => rawMap([rawText("data"), rawText("x".repeat(count))]);
  return of(100_000 + length - rawWire1(KEY, { ...FIELDS, payload: of(100_000) }).length);
}
