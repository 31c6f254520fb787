import { concat, decodeHex, encodeHex, encodeUtf8, equalConstantTime } from "../bytes.js";
import type { HmacSha256 } from "../crypto/hmac.js";
import { DecodeError, ValidationError } from "../errors.js";
import { MAC_BYTES, MAX_TYPE_BYTES } from "../limits.js";
import { decode, type WireMap } from "./decode.js";
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
/** A str 8 head's second byte and the digits. */
const SIGNATURE_BYTES = 1 + 2 * MAC_BYTES;

/** Where an entry of the frame's map stands: its key, its value, and what comes after. */
interface Entry {
  readonly start: number;
  readonly valueStart: number;
  readonly end: number;
}

/** The entries that a signature covers, in its order. */
type SignedEntries = readonly [type: Entry, payload: Entry, timestamp: Entry];

/** Whether a frame that begins with this byte is on wire 1. */
export function isWire1(firstByte: number | undefined): boolean {
  return firstByte !== undefined && firstByte >= MAP_OF_2 && firstByte <= MAP_OF_4;
}

/** A new, unsigned wire 1 frame. Throws ValidationError for a payload that cannot travel. */
export function encodeWire1({ type, payload, timestamp }: FrameFields): Frame {
  const ends = [1, 0, 0, 0];
  const valueStarts = [0, 0, 0];
  const bytes = written((writer) => {
    writer.byte(MAP_OF_4);
    writer.text("type");
    valueStarts[0] = writer.length;
    writer.text(type);
    ends[1] = writer.length;
    writer.text("payload");
    valueStarts[1] = writer.length;
    writer.payload(payload, "base64");
    ends[2] = writer.length;
    writer.text("timestamp");
    valueStarts[2] = writer.length;
    writer.float64(timestamp);
    ends[3] = writer.length;
    writer.text("signature");
    writer.text("");
  });
  const entry = (at: number): Entry => ({
    start: ends[at]!,
    valueStart: valueStarts[at]!,
    end: ends[at + 1]!,
  });
  const signed: SignedEntries = [entry(0), entry(1), entry(2)];
  return new Wire1Frame(bytes, {
    type,
    timestamp,
    signature: "",
    signed,
    payloadStart: signed[1].valueStart,
  });
}

/** Reads a wire 1 frame, whose bytes it keeps. Throws DecodeError. */
export function readWire1(bytes: Uint8Array): Frame {
  const { type, payload, timestamp, signature } = readEntries(bytes);
  if (type === undefined) throw new DecodeError("malformed frame: no type");
  if (payload === undefined) throw new DecodeError("malformed frame: no payload");
  if (!isMap(bytes[payload.valueStart]!)) {
    throw new DecodeError("malformed frame: the payload is not a map");
  }
  return new Wire1Frame(bytes, {
    type: readType(bytes, type),
    timestamp: timestamp && readTimestamp(bytes, timestamp),
    signature: signature ? readText(bytes, signature.valueStart, "signature") : "",
    payloadStart: payload.valueStart,
    signed: timestamp && [type, payload, timestamp],
  });
}

interface Wire1Reading {
  readonly type: string;
  readonly timestamp: number | undefined;
  readonly signature: string;
  readonly payloadStart: number;
  /** Undefined without a timestamp: such a frame has nothing that a signature could cover. */
  readonly signed: SignedEntries | undefined;
}

class Wire1Frame implements Frame {
  readonly wire = 1;
  readonly keyId = "";
  readonly id = undefined;
  readonly #bytes: Uint8Array;
  readonly type: string;
  readonly timestamp: number | undefined;
  readonly signature: string;
  readonly #payloadStart: number;
  readonly #signed: SignedEntries | undefined;

  constructor(bytes: Uint8Array, reading: Wire1Reading) {
    this.#bytes = bytes;
    this.type = reading.type;
    this.timestamp = reading.timestamp;
    this.signature = reading.signature;
    this.#payloadStart = reading.payloadStart;
    this.#signed = reading.signed;
  }

  toBytes(): Uint8Array {
    return this.#bytes.slice();
  }

  decodePayload(): WireMap {
    return decode(this.#bytes, this.#payloadStart) as WireMap;
  }

  get isSigned(): boolean {
    return this.signature !== "";
  }

  /** With the 64 digits that a signature has where this frame has none. */
  get signedLength(): number {
    return this.#bytes.length + SIGNATURE_BYTES;
  }

  signedBy(mac: HmacSha256, options: { timestamp: number | undefined }): Frame {
    if (this.#signed === undefined) {
      const message = "the frame came without one, so that no signature of it would verify";
      throw new ValidationError("sign", [{ path: ["timestamp"], message }]);
    }
    const { timestamp = this.timestamp } = options;
    const covered = this.#covered(this.#signed);
    if (options.timestamp !== undefined) {
      new DataView(covered.buffer).setFloat64(covered.length - FLOAT64_BYTES, options.timestamp);
    }
    const signature = encodeHex(mac(covered));
    const bytes = concat(covered, SIGNATURE_HEAD, encodeUtf8(signature));
    bytes[0] = MAP_OF_4;
    const signed = inOrder(this.#signed);
    return new Wire1Frame(bytes, {
      type: this.type,
      timestamp,
      signature,
      payloadStart: signed[1].valueStart,
      signed,
    });
  }

  matchingTag(mac: HmacSha256): Uint8Array | undefined {
    if (this.signature.length !== 2 * MAC_BYTES || this.#signed === undefined) return undefined;
    const tag = decodeHex(this.signature);
    if (tag === undefined) return undefined;
    return equalConstantTime(mac(this.#covered(this.#signed)), tag) ? tag : undefined;
  }

  /**
   * The bytes that a signature covers: the three entries as a map of their own, cut from the frame. They are never
   * encoded anew, because JavaScript cannot tell 1.0 from 1, and their bytes differ.
   */
  #covered(signed: SignedEntries): Uint8Array {
    const [type, payload, timestamp] = signed;
    const areInPlace =
      type.start === 1 && payload.start === type.end && timestamp.start === payload.end;
    if (areInPlace) {
      const covered = this.#bytes.slice(0, timestamp.end);
      covered[0] = MAP_OF_3;
      return covered;
    }
    const entries = signed.map(({ start, end }) => this.#bytes.subarray(start, end));
    return concat(Uint8Array.of(MAP_OF_3), ...entries);
  }
}

/** Where the entries stand once they follow each other, after the frame's first byte. */
function inOrder([type, payload, timestamp]: SignedEntries): SignedEntries {
  let at = 1;
  const next = ({ start, valueStart, end }: Entry): Entry => {
    const moved = { start: at, valueStart: at + valueStart - start, end: at + end - start };
    at = moved.end;
    return moved;
  };
  return [next(type), next(payload), next(timestamp)];
}

type Entries = Partial<Record<"type" | "payload" | "timestamp" | "signature", Entry>>;

function readEntries(bytes: Uint8Array): Entries {
  const boundaries = scan(bytes);
  const entries: Entries = {};
  for (let child = 0; child + 2 < boundaries.length; child += 2) {
    const start = boundaries[child]!;
    const key = decode(bytes, start);
    if (key !== "type" && key !== "payload" && key !== "timestamp" && key !== "signature") {
      throw new DecodeError("malformed frame: a key that wire 1 does not have");
    }
    entries[key] = { start, valueStart: boundaries[child + 1]!, end: boundaries[child + 2]! };
  }
  return entries;
}

function readType(bytes: Uint8Array, { valueStart, end }: Entry): string {
  const type = readText(bytes, valueStart, "type");
  const length = end - valueStart - textHeadBytes(bytes[valueStart]!);
  if (length < 1 || length > MAX_TYPE_BYTES) {
    throw new DecodeError(`malformed frame: a type has 1 to ${MAX_TYPE_BYTES} bytes`);
  }
  return type;
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

function readText(bytes: Uint8Array, start: number, name: string): string {
  if (!isText(bytes[start]!)) throw new DecodeError(`malformed frame: the ${name} is not text`);
  return decode(bytes, start) as string;
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
