import {
  type Bytes,
  concat,
  decodeUtf8,
  encodeHexBytes,
  encodeUtf8,
  equalConstantTime,
} from "../bytes.js";
import type { HmacSha256 } from "../crypto/hmac.js";
import { DecodeError, ValidationError } from "../errors.js";
import { MAC_BYTES, MAX_TYPE_BYTES } from "../limits.js";
import { type DecodedMap, decode, decodeKey, decodeMap } from "./decode.js";
import { written } from "./encode.js";
import type { Frame, FrameFields } from "./frame.js";
import { scan } from "./scan.js";

const MAP_OF_2 = 0x82;
const MAP_OF_3 = 0x83;
const MAP_OF_4 = 0x84;
const FLOAT64 = 0xcb;
const FLOAT64_BYTES = 8;
/** The encoded key `signature`, and the head of a text of 64 bytes. */
const SIGNATURE_HEAD = /* @__PURE__ */ Uint8Array.of(
  0xa9,
  ...encodeUtf8("signature"),
  0xd9,
  2 * MAC_BYTES,
);
/** The encoded key `signature` with an empty text. */
const UNSIGNED = /* @__PURE__ */ Uint8Array.of(...SIGNATURE_HEAD.subarray(0, -2), 0xa0);
const SIGNATURE_DIGITS = 2 * MAC_BYTES;
const NO_BYTES = /* @__PURE__ */ new Uint8Array();

/** Offsets of an entry in the frame's map: where its key starts, where its value starts, and where it ends. */
interface Entry {
  readonly start: number;
  readonly valueStart: number;
  readonly end: number;
}

/** Returns whether a frame that starts with this byte is a wire 1 frame. */
export function isWire1(firstByte: number | undefined): boolean {
  return firstByte !== undefined && firstByte >= MAP_OF_2 && firstByte <= MAP_OF_4;
}

/**
 * Encodes a new, unsigned wire 1 frame (docs/PROTOCOL.md, section 3).
 *
 * @throws {ValidationError} if the payload cannot be encoded.
 */
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
    chunks: [covered, UNSIGNED],
  });
}

/**
 * Reads a wire 1 frame. The frame keeps and changes `bytes`: the caller must not use them again.
 *
 * @throws {DecodeError} if the bytes are not a wire 1 frame.
 */
export function readWire1(bytes: Uint8Array): Frame {
  const { type, payload, timestamp, signature } = readEntries(bytes);
  if (type === undefined) throw new DecodeError("malformed frame: no type");
  if (payload === undefined) throw new DecodeError("malformed frame: no payload");
  if (!isMapHead(bytes[payload.valueStart]!)) {
    throw new DecodeError("malformed frame: the payload is not a map");
  }
  return new Wire1Frame({
    type: readType(bytes, type),
    timestamp: timestamp && readTimestamp(bytes, timestamp),
    signature: signature ? textBytes(bytes, signature, "signature") : NO_BYTES,
    payload: bytes.subarray(payload.valueStart, payload.end),
    head: bytes[0]!,
    covered: timestamp && coveredBytes(bytes, type, payload, timestamp),
    chunks: [bytes],
  });
}

/**
 * Returns the bytes that the signature covers: a map of the three entries, cut from the frame. They are never encoded
 * again, because JavaScript does not distinguish 1.0 from 1, whose encodings differ. If the entries are in the usual order
 * they are not copied: the first byte of the frame becomes the head of this map, and `toBytes` restores it.
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

interface Wire1Parts {
  readonly type: string;
  readonly timestamp: number | undefined;
  /** The bytes of the signature's text, which may be no hex digits. */
  readonly signature: Uint8Array;
  /** The payload's map. */
  readonly payload: Uint8Array;
  /** The bytes that the signature covers. Undefined without a timestamp: such a frame cannot be signed. */
  readonly covered: Uint8Array | undefined;
  /** The first byte of the frame. */
  readonly head: number;
  /** The bytes of the frame in order, of which the first may differ from `head`. */
  readonly chunks: readonly Uint8Array[];
}

class Wire1Frame implements Frame {
  readonly wire = 1;
  readonly keyId = "";
  readonly id = undefined;
  readonly type: string;
  readonly timestamp: number | undefined;
  readonly #parts: Wire1Parts;

  constructor(parts: Wire1Parts) {
    this.type = parts.type;
    this.timestamp = parts.timestamp;
    this.#parts = parts;
  }

  toBytes(): Bytes {
    const bytes = concat(...this.#parts.chunks);
    bytes[0] = this.#parts.head;
    return bytes;
  }

  decodePayload(): DecodedMap {
    return decodeMap(this.#parts.payload, 0)!;
  }

  get signature(): string {
    return decodeUtf8(this.#parts.signature);
  }

  get isSigned(): boolean {
    return this.#parts.signature.length > 0;
  }

  get signedLength(): number {
    return (this.#parts.covered?.length ?? 0) + SIGNATURE_HEAD.length + SIGNATURE_DIGITS;
  }

  signedBy(mac: HmacSha256, options: { timestamp: number | undefined }): Frame {
    const covered = this.#coveredAt(options.timestamp);
    const entry = concat(SIGNATURE_HEAD, encodeHexBytes(mac(covered)));
    return new Wire1Frame({
      ...this.#parts,
      timestamp: options.timestamp ?? this.timestamp,
      signature: entry.subarray(SIGNATURE_HEAD.length),
      covered,
      head: MAP_OF_4,
      chunks: [covered, entry],
    });
  }

  /** Returns the bytes that a signature covers. `timestamp` replaces their last 8 bytes, the frame's own timestamp. */
  #coveredAt(timestamp: number | undefined): Uint8Array {
    const { covered } = this.#parts;
    if (covered === undefined) {
      const message = "is missing, so that the frame cannot be signed";
      throw new ValidationError("sign", [{ path: ["timestamp"], message }]);
    }
    if (timestamp === undefined || timestamp === this.timestamp) return covered;
    const moved = covered.slice();
    new DataView(moved.buffer).setFloat64(moved.length - FLOAT64_BYTES, timestamp);
    return moved;
  }

  matchingTag(mac: HmacSha256): Bytes | undefined {
    const { covered, signature } = this.#parts;
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
      throw new DecodeError("malformed frame: an unknown key");
    }
    entries[key] = { start, valueStart, end: boundaries[child + 2]! };
  }
  return entries;
}

function readType(bytes: Uint8Array, entry: Entry): string {
  const type = textBytes(bytes, entry, "type");
  if (type.length < 1 || type.length > MAX_TYPE_BYTES) {
    throw new DecodeError(`malformed frame: the type must have 1 to ${MAX_TYPE_BYTES} bytes`);
  }
  return decodeUtf8(type);
}

function readTimestamp(bytes: Uint8Array, { valueStart }: Entry): number {
  // Checks the head first, so that nothing but a number is decoded before the frame is verified.
  const head = bytes[valueStart]!;
  const isInteger = head <= 0x7f || head >= 0xe0 || (head >= 0xcc && head <= 0xd3);
  if (!isInteger && head !== FLOAT64) {
    throw new DecodeError("malformed frame: the timestamp is neither a float64 nor an integer");
  }
  return decode(bytes, valueStart) as number;
}

function textBytes(bytes: Uint8Array, { valueStart, end }: Entry, name: string): Uint8Array {
  const head = bytes[valueStart]!;
  if (!isTextHead(head)) throw new DecodeError(`malformed frame: the ${name} is not text`);
  return bytes.subarray(valueStart + textHeadBytes(head), end);
}

function isTextHead(head: number): boolean {
  return (head >= 0xa0 && head <= 0xbf) || (head >= 0xd9 && head <= 0xdb);
}

function isMapHead(head: number): boolean {
  return (head >= 0x80 && head <= 0x8f) || head === 0xde || head === 0xdf;
}

function textHeadBytes(head: number): number {
  return head === 0xd9 ? 2 : head === 0xda ? 3 : head === 0xdb ? 5 : 1;
}
