import { concat, decodeUtf8, encodeHex, equalConstantTime, isUtf8 } from "../bytes.js";
import type { HmacSha256 } from "../crypto/hmac.js";
import { DecodeError } from "../errors.js";
import { MAC_BYTES, MAX_KEY_ID_BYTES, MAX_TYPE_BYTES } from "../limits.js";
import { decode, type WireMap } from "./decode.js";
import { written } from "./encode.js";
import type { Frame, FrameFields } from "./frame.js";
import { INSIDE_FRAME, scan } from "./scan.js";

const ARRAY_OF_7 = 0x97;
const VERSION = 2;
const ID_BYTES = 16;
const BIN_8 = 0xc4;
const BIN_16 = 0xc5;
const BIN_32 = 0xc6;
const FLOAT_64 = 0xcb;
const STR_8 = 0xd9;
const STR_8_HEAD_BYTES = 2;

/** Whether a frame that begins with this byte is on wire 2. */
export function isWire2(firstByte: number | undefined): boolean {
  return firstByte === ARRAY_OF_7;
}

/** A new wire 2 frame, which has no bytes before it is signed. Throws ValidationError for a payload that cannot travel. */
export function encodeWire2({
  type,
  payload,
  timestamp,
  id,
}: FrameFields & { id: Uint8Array }): Frame {
  const encodedPayload = written((writer) => writer.payload(payload, "bin"));
  const entries = written((writer) => {
    writer.bin(id);
    writer.float64(timestamp);
    writer.text(type);
    writer.bin(encodedPayload);
  });
  return new Wire2Frame({
    type,
    timestamp,
    id,
    keyId: "",
    entries,
    payload: encodedPayload,
    payloadIsScanned: true,
    signed: undefined,
  });
}

/** Reads a wire 2 frame, whose bytes it keeps. Its payload stays unread. Throws DecodeError. */
export function readWire2(bytes: Uint8Array): Frame {
  const reader = new Wire2Reader(bytes);
  reader.expect(ARRAY_OF_7, "an array of seven");
  reader.expect(VERSION, "version 2");
  const keyId = reader.text("key id", 0, MAX_KEY_ID_BYTES);
  const entriesStart = reader.at;
  const id = reader.bin("id", ID_BYTES);
  const timestamp = reader.timestamp();
  const type = reader.text("type", 1, MAX_TYPE_BYTES);
  const payload = reader.bin("payload");
  const covered = bytes.subarray(0, reader.at);
  const tag = reader.bin("mac", MAC_BYTES);
  if (reader.at !== bytes.length) throw new DecodeError("malformed frame: bytes after the end");
  return new Wire2Frame({
    type,
    timestamp,
    id,
    keyId,
    entries: covered.subarray(entriesStart),
    payload,
    payloadIsScanned: false,
    signed: { bytes, covered, tag },
  });
}

interface Wire2Reading {
  readonly type: string;
  readonly timestamp: number;
  readonly id: Uint8Array;
  readonly keyId: string;
  /** The fields from the id to the payload, which stay as they are under any signature. */
  readonly entries: Uint8Array;
  readonly payload: Uint8Array;
  readonly payloadIsScanned: boolean;
  readonly signed:
    | { readonly bytes: Uint8Array; readonly covered: Uint8Array; readonly tag: Uint8Array }
    | undefined;
}

class Wire2Frame implements Frame {
  readonly wire = 2;
  readonly type: string;
  readonly timestamp: number;
  readonly keyId: string;
  readonly id: Uint8Array;
  readonly #reading: Wire2Reading;

  constructor(reading: Wire2Reading) {
    this.type = reading.type;
    this.timestamp = reading.timestamp;
    this.keyId = reading.keyId;
    this.id = reading.id;
    this.#reading = reading;
  }

  get bytes(): Uint8Array | undefined {
    return this.#reading.signed?.bytes;
  }

  get isSigned(): boolean {
    return this.#reading.signed !== undefined;
  }

  get signature(): string {
    return this.#reading.signed ? encodeHex(this.#reading.signed.tag) : "";
  }

  decodePayload(): WireMap {
    const { payload, payloadIsScanned } = this.#reading;
    if (!payloadIsScanned) scan(payload, INSIDE_FRAME);
    const value = decode(payload, 0);
    if (!isMap(value)) throw new DecodeError("malformed frame: the payload is not a map");
    return value;
  }

  /** With the longest key id. */
  get signedLength(): number {
    return 2 + STR_8_HEAD_BYTES + MAX_KEY_ID_BYTES + this.#reading.entries.length + 2 + MAC_BYTES;
  }

  signedBy(mac: HmacSha256, { keyId }: { keyId: string }): Frame {
    const reading = this.#reading;
    const covered = written((writer) => {
      writer.byte(ARRAY_OF_7);
      writer.byte(VERSION);
      writer.text(keyId);
      writer.raw(reading.entries);
    });
    const tag = mac(covered);
    const bytes = concat(covered, Uint8Array.of(BIN_8, MAC_BYTES), tag);
    return new Wire2Frame({ ...reading, keyId, signed: { bytes, covered, tag } });
  }

  matchingTag(mac: HmacSha256): Uint8Array | undefined {
    const { signed } = this.#reading;
    if (signed === undefined) return undefined;
    return equalConstantTime(mac(signed.covered), signed.tag)
      ? new Uint8Array(signed.tag)
      : undefined;
  }
}

function isMap(value: unknown): value is WireMap {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array)
  );
}

/** Takes the fields one after the other, each in its only legal form. */
class Wire2Reader {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  expect(byte: number, what: string): void {
    if (this.#bytes[this.#take(1)] !== byte) throw new DecodeError(`malformed frame: not ${what}`);
  }

  text(name: string, shortest: number, longest: number): string {
    const head = this.#bytes[this.#take(1)]!;
    const isFixed = head >= 0xa0 && head <= 0xbf;
    if (!isFixed && head !== STR_8)
      throw new DecodeError(`malformed frame: the ${name} is not text`);
    const length = isFixed ? head & 0x1f : this.#bytes[this.#take(1)]!;
    if (!isFixed && length <= 31) throw notShortest(name);
    if (length < shortest || length > longest) {
      throw new DecodeError(`malformed frame: a ${name} has ${shortest} to ${longest} bytes`);
    }
    const start = this.#take(length);
    if (!isUtf8(this.#bytes, start, this.at)) {
      throw new DecodeError(`malformed frame: the ${name} is not UTF-8`);
    }
    return decodeUtf8(this.#bytes, start, this.at);
  }

  bin(name: string, exactLength?: number): Uint8Array {
    const head = this.#bytes[this.#take(1)];
    let length: number;
    let lengthOfShorterHead: number;
    if (head === BIN_8) {
      length = this.#bytes[this.#take(1)]!;
      lengthOfShorterHead = -1;
    } else if (head === BIN_16) {
      length = this.#view.getUint16(this.#take(2));
      lengthOfShorterHead = 0xff;
    } else if (head === BIN_32) {
      length = this.#view.getUint32(this.#take(4));
      lengthOfShorterHead = 0xffff;
    } else {
      throw new DecodeError(`malformed frame: the ${name} is not a byte string`);
    }
    if (length <= lengthOfShorterHead) throw notShortest(name);
    if (exactLength !== undefined && length !== exactLength) {
      throw new DecodeError(`malformed frame: the ${name} has not ${exactLength} bytes`);
    }
    const start = this.#take(length);
    return this.#bytes.subarray(start, this.at);
  }

  timestamp(): number {
    this.expect(FLOAT_64, "a float64 for a timestamp");
    const timestamp = this.#view.getFloat64(this.#take(8));
    if (!Number.isFinite(timestamp)) {
      throw new DecodeError("malformed frame: a timestamp that is not finite");
    }
    return timestamp;
  }

  /** Moves over `size` bytes; returns where they began. */
  #take(size: number): number {
    const from = this.at;
    if (size > this.#bytes.length - from) {
      throw new DecodeError("malformed frame: it ends too early");
    }
    this.at += size;
    return from;
  }
}

function notShortest(name: string): DecodeError {
  return new DecodeError(`malformed frame: the ${name} is not in its shortest form`);
}
