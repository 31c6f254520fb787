import { concat, decodeUtf8, encodeHexBytes, encodeUtf8, equalConstantTime } from "../bytes.js";
import type { HmacSha256 } from "../crypto/hmac.js";
import { DecodeError, ValidationError } from "../errors.js";
import { MAC_BYTES, MAX_TYPE_BYTES } from "../limits.js";
import { decode, decodeKey, type WireMap } from "./decode.js";
import { written } from "./encode.js";
import type { Frame, FrameFields } from "./frame.js";
import { scan } from "./scan.js";

const MAP_OF_2 = 0x82;
const MAP_OF_3 = 0x83;
const MAP_OF_4 = 0x84;
const FLOAT64 = 0xcb;
const FLOAT64_BYTES = 8;
/** The key `signature`, and the head of a text of 64 bytes. */
const SIGNATURE_HEAD = /* @__PURE__ */ Uint8Array.of(
  0xa9,
  ...encodeUtf8("signature"),
  0xd9,
  2 * MAC_BYTES,
);
/** The same key with an empty text. */
const UNSIGNED = /* @__PURE__ */ Uint8Array.of(...SIGNATURE_HEAD.subarray(0, -2), 0xa0);
const SIGNATURE_DIGITS = 2 * MAC_BYTES;
const NO_BYTES = /* @__PURE__ */ new Uint8Array();

/** Where an entry of the frame's map stands: its key, its value, and what comes after. */
interface Entry {
  readonly start: number;
  readonly valueStart: number;
  readonly end: number;
}

/** Whether a frame that begins with this byte is on wire 1. */
export function isWire1(firstByte: number | undefined): boolean {
  return firstByte !== undefined && firstByte >= MAP_OF_2 && firstByte <= MAP_OF_4;
}

/** A new, unsigned wire 1 frame. Throws ValidationError for a payload that cannot travel. */
export function encodeWire1({ type, payload, timestamp }: FrameFields): Frame {
  let payloadStart = 0;
  const covered = written((writer) => {
    writer.byte(MAP_OF_3);
    writer.text("type");
    writer.text(type);
    writer.text("payload");
    payloadStart = writer.length;
    writer.payload(payload, "base64");
    writer.text("timestamp");
    writer.float64(timestamp);
  });
  return new Wire1Frame({
    type,
    timestamp,
    signature: NO_BYTES,
    covered,
    payload: covered.subarray(payloadStart),
    head: MAP_OF_4,
    parts: [covered, UNSIGNED],
  });
}

/** Reads a wire 1 frame, whose bytes become its own. Throws DecodeError. */
export function readWire1(bytes: Uint8Array): Frame {
  const { type, payload, timestamp, signature } = readEntries(bytes);
  if (type === undefined) throw new DecodeError("malformed frame: no type");
  if (payload === undefined) throw new DecodeError("malformed frame: no payload");
  if (!isMap(bytes[payload.valueStart]!)) {
    throw new DecodeError("malformed frame: the payload is not a map");
  }
  return new Wire1Frame({
    type: readType(bytes, type),
    timestamp: timestamp && readTimestamp(bytes, timestamp),
    signature: signature ? textBytes(bytes, signature, "signature") : NO_BYTES,
    payload: bytes.subarray(payload.valueStart, payload.end),
    head: bytes[0]!,
    covered: timestamp && coveredBytes(bytes, type, payload, timestamp),
    parts: [bytes],
  });
}

/**
 * The bytes that a signature covers: the three entries as a map of their own, cut from the frame. They are never
 * encoded anew, because JavaScript cannot tell 1.0 from 1, and their bytes differ. In the usual order nothing is copied
 * either: the frame's first byte is made the one of that map, and `toBytes` puts it back.
 */
function coveredBytes(bytes: Uint8Array, ...entries: readonly [Entry, Entry, Entry]): Uint8Array {
  const [type, payload, timestamp] = entries;
  if (type.start === 1 && payload.start === type.end && timestamp.start === payload.end) {
    bytes[0] = MAP_OF_3;
    return bytes.subarray(0, timestamp.end);
  }
  return concat(
    Uint8Array.of(MAP_OF_3),
    ...entries.map(({ start, end }) => bytes.subarray(start, end)),
  );
}

interface Wire1Reading {
  readonly type: string;
  readonly timestamp: number | undefined;
  /** The signature's digits, or whatever stands in their place. */
  readonly signature: Uint8Array;
  /** The payload's map. */
  readonly payload: Uint8Array;
  /** Undefined without a timestamp: such a frame has nothing that a signature could cover. */
  readonly covered: Uint8Array | undefined;
  /** What the frame's first byte is, and its bytes but for that. */
  readonly head: number;
  readonly parts: readonly Uint8Array[];
}

class Wire1Frame implements Frame {
  readonly wire = 1;
  readonly keyId = "";
  readonly id = undefined;
  readonly type: string;
  readonly timestamp: number | undefined;
  readonly #reading: Wire1Reading;

  constructor(reading: Wire1Reading) {
    this.type = reading.type;
    this.timestamp = reading.timestamp;
    this.#reading = reading;
  }

  toBytes(): Uint8Array {
    const bytes = concat(...this.#reading.parts);
    bytes[0] = this.#reading.head;
    return bytes;
  }

  decodePayload(): WireMap {
    return decode(this.#reading.payload, 0) as WireMap;
  }

  get signature(): string {
    return decodeUtf8(this.#reading.signature);
  }

  get isSigned(): boolean {
    return this.#reading.signature.length > 0;
  }

  /** With the 64 digits that a signature has where this frame has none. */
  get signedLength(): number {
    return (this.#reading.covered?.length ?? 0) + SIGNATURE_HEAD.length + SIGNATURE_DIGITS;
  }

  signedBy(mac: HmacSha256, options: { timestamp: number | undefined }): Frame {
    const covered = this.#coveredAt(options.timestamp);
    const entry = concat(SIGNATURE_HEAD, encodeHexBytes(mac(covered)));
    return new Wire1Frame({
      ...this.#reading,
      timestamp: options.timestamp ?? this.timestamp,
      signature: entry.subarray(SIGNATURE_HEAD.length),
      covered,
      head: MAP_OF_4,
      parts: [covered, entry],
    });
  }

  /** What a signature covers, with another timestamp where one is given: that is what it ends in. */
  #coveredAt(timestamp: number | undefined): Uint8Array {
    const { covered } = this.#reading;
    if (covered === undefined) {
      const message = "the frame came without one, so that no signature of it would verify";
      throw new ValidationError("sign", [{ path: ["timestamp"], message }]);
    }
    if (timestamp === undefined || timestamp === this.timestamp) return covered;
    const moved = covered.slice();
    new DataView(moved.buffer).setFloat64(moved.length - FLOAT64_BYTES, timestamp);
    return moved;
  }

  matchingTag(mac: HmacSha256): Uint8Array | undefined {
    const { covered, signature } = this.#reading;
    if (signature.length !== SIGNATURE_DIGITS || covered === undefined) return undefined;
    const tag = mac(covered);
    return equalConstantTime(encodeHexBytes(tag), signature) ? tag : undefined;
  }
}

type Entries = Partial<Record<"type" | "payload" | "timestamp" | "signature", Entry>>;

function readEntries(bytes: Uint8Array): Entries {
  const boundaries = scan(bytes);
  const entries: Entries = {};
  for (let child = 0; child + 2 < boundaries.length; child += 2) {
    const start = boundaries[child]!;
    const valueStart = boundaries[child + 1]!;
    const key = decodeKey(bytes, start + textHeadBytes(bytes[start]!), valueStart);
    if (key !== "type" && key !== "payload" && key !== "timestamp" && key !== "signature") {
      throw new DecodeError("malformed frame: a key that wire 1 does not have");
    }
    entries[key] = { start, valueStart, end: boundaries[child + 2]! };
  }
  return entries;
}

function readType(bytes: Uint8Array, entry: Entry): string {
  const type = textBytes(bytes, entry, "type");
  if (type.length < 1 || type.length > MAX_TYPE_BYTES) {
    throw new DecodeError(`malformed frame: a type has 1 to ${MAX_TYPE_BYTES} bytes`);
  }
  return decodeUtf8(type);
}

function readTimestamp(bytes: Uint8Array, { valueStart }: Entry): number {
  // Asked of its head: nothing is decoded yet that the frame does not need.
  const head = bytes[valueStart]!;
  const isInteger = head <= 0x7f || head >= 0xe0 || (head >= 0xcc && head <= 0xd3);
  if (!isInteger && head !== FLOAT64) {
    throw new DecodeError("malformed frame: the timestamp is neither a float64 nor an integer");
  }
  return decode(bytes, valueStart) as number;
}

function textBytes(bytes: Uint8Array, { valueStart, end }: Entry, name: string): Uint8Array {
  const head = bytes[valueStart]!;
  if (!isText(head)) throw new DecodeError(`malformed frame: the ${name} is not text`);
  return bytes.subarray(valueStart + textHeadBytes(head), end);
}

function isText(head: number): boolean {
  return (head >= 0xa0 && head <= 0xbf) || (head >= 0xd9 && head <= 0xdb);
}

function isMap(head: number): boolean {
  return (head >= 0x80 && head <= 0x8f) || head === 0xde || head === 0xdf;
}

function textHeadBytes(head: number): number {
  return head === 0xd9 ? 2 : head === 0xda ? 3 : head === 0xdb ? 5 : 1;
}
