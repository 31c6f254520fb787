import { isUtf8 } from "#native";
import { concat, decodeUtf8, encodeHex, equalConstantTime, readFloat, readUint } from "../bytes.js";
import type { HmacSha256 } from "../crypto/hmac.js";
import { DecodeError } from "../errors.js";
import { MAC_BYTES, MAX_KEY_ID_BYTES, MAX_TYPE_BYTES } from "../limits.js";
import { decode, type WireMap } from "./decode.js";
import { type Writer, written } from "./encode.js";
import type { Frame, FrameFields } from "./frame.js";
import { INSIDE_FRAME, scan } from "./scan.js";

const ARRAY_OF_7 = 0x97;
const VERSION = 2;
const ID_BYTES = 16;
const BIN_8 = 0xc4;
const BIN_16 = 0xc5;
const BIN_32 = 0xc6;
const BIN_8_HEAD_BYTES = 2;
const FLOAT_64 = 0xcb;
const STR_8 = 0xd9;
const MAC_HEAD = /* @__PURE__ */ Uint8Array.of(BIN_8, MAC_BYTES);
/** A str 8 head, and the longest key id. */
const LONGEST_KEY_ID_BYTES = 2 + MAX_KEY_ID_BYTES;

/** Whether a frame that begins with this byte is on wire 2. */
export function isWire2(firstByte: number | undefined): boolean {
  return firstByte === ARRAY_OF_7;
}

/** A new, unsigned wire 2 frame. Throws ValidationError for a payload that cannot travel. */
export function encodeWire2({
  type,
  payload,
  timestamp,
  id,
}: FrameFields & { id: Uint8Array }): Frame {
  const keyId = "";
  let keyIdEnd = 0;
  let payloadStart = 0;
  const covered = written((writer) => {
    keyIdEnd = writeStart(writer, keyId);
    writer.bin(id);
    writer.float64(timestamp);
    writer.text(type);
    payloadStart = writer.payloadInBin(payload);
  });
  return new Wire2Frame({ type, timestamp, keyId, covered, keyIdEnd, payloadStart }, undefined);
}

/** Reads a frame that `isWire2`, whose bytes it keeps. Its payload stays unread. Throws DecodeError. */
export function readWire2(bytes: Uint8Array): Frame {
  const reader = new Wire2Reader(bytes);
  reader.expect(VERSION, "version 2");
  const keyId = reader.text("key id", 0, MAX_KEY_ID_BYTES);
  const keyIdEnd = reader.at;
  reader.bin("id", ID_BYTES);
  const timestamp = reader.timestamp();
  const type = reader.text("type", 1, MAX_TYPE_BYTES);
  const payloadStart = reader.bin("payload");
  const covered = bytes.subarray(0, reader.at);
  const tag = bytes.subarray(reader.bin("mac", MAC_BYTES));
  if (reader.at !== bytes.length) throw new DecodeError("malformed frame: bytes after the end");
  return new Wire2Frame({ type, timestamp, keyId, covered, keyIdEnd, payloadStart }, tag);
}

interface Wire2Reading {
  readonly type: string;
  readonly timestamp: number;
  readonly keyId: string;
  /** All that a signature covers: every field but the tag. */
  readonly covered: Uint8Array;
  /** Where the frame's id begins, and with it what stays the same under any signature. */
  readonly keyIdEnd: number;
  /** Where the payload's map begins; it ends with `covered`. */
  readonly payloadStart: number;
}

class Wire2Frame implements Frame {
  readonly wire = 2;
  readonly type: string;
  readonly timestamp: number;
  readonly keyId: string;
  readonly #reading: Wire2Reading;
  readonly #tag: Uint8Array | undefined;

  constructor(reading: Wire2Reading, tag: Uint8Array | undefined) {
    this.type = reading.type;
    this.timestamp = reading.timestamp;
    this.keyId = reading.keyId;
    this.#reading = reading;
    this.#tag = tag;
  }

  get id(): Uint8Array {
    const { covered, keyIdEnd } = this.#reading;
    const start = keyIdEnd + BIN_8_HEAD_BYTES;
    return covered.subarray(start, start + ID_BYTES);
  }

  get isSigned(): boolean {
    return this.#tag !== undefined;
  }

  get signature(): string {
    return this.#tag ? encodeHex(this.#tag) : "";
  }

  toBytes(): Uint8Array {
    return concat(this.#reading.covered, MAC_HEAD, this.#tag!);
  }

  decodePayload(): WireMap {
    const { covered, payloadStart } = this.#reading;
    scan(covered, INSIDE_FRAME, payloadStart);
    const value = decode(covered, payloadStart);
    if (!isMap(value)) throw new DecodeError("malformed frame: the payload is not a map");
    return value;
  }

  /** With the longest key id. */
  get signedLength(): number {
    const { covered, keyIdEnd } = this.#reading;
    return 2 + LONGEST_KEY_ID_BYTES + (covered.length - keyIdEnd) + MAC_HEAD.length + MAC_BYTES;
  }

  signedBy(mac: HmacSha256, { keyId }: { keyId: string }): Frame {
    const reading = keyId === this.keyId ? this.#reading : withKeyId(this.#reading, keyId);
    return new Wire2Frame(reading, mac(reading.covered));
  }

  matchingTag(mac: HmacSha256): Uint8Array | undefined {
    if (this.#tag === undefined) return undefined;
    const expected = mac(this.#reading.covered);
    return equalConstantTime(expected, this.#tag) ? expected : undefined;
  }
}

/** Writes what comes before the frame's id; returns where that begins. */
function writeStart(writer: Writer, keyId: string): number {
  writer.byte(ARRAY_OF_7);
  writer.byte(VERSION);
  writer.text(keyId);
  return writer.length;
}

function withKeyId(reading: Wire2Reading, keyId: string): Wire2Reading {
  let keyIdEnd = 0;
  const covered = written((writer) => {
    keyIdEnd = writeStart(writer, keyId);
    writer.raw(reading.covered.subarray(reading.keyIdEnd));
  });
  const payloadStart = reading.payloadStart + keyIdEnd - reading.keyIdEnd;
  return { ...reading, keyId, covered, keyIdEnd, payloadStart };
}

function isMap(value: unknown): value is WireMap {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array)
  );
}

/** Takes the fields after the array's head one after the other, each in its only legal form. */
class Wire2Reader {
  at = 1;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
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

  /** Moves over a byte string; returns where its bytes begin. */
  bin(name: string, exactLength?: number): number {
    const head = this.#bytes[this.#take(1)];
    let length: number;
    let lengthOfShorterHead: number;
    if (head === BIN_8) {
      length = this.#bytes[this.#take(1)]!;
      lengthOfShorterHead = -1;
    } else if (head === BIN_16) {
      length = readUint(this.#bytes, this.#take(2), 2);
      lengthOfShorterHead = 0xff;
    } else if (head === BIN_32) {
      length = readUint(this.#bytes, this.#take(4), 4);
      lengthOfShorterHead = 0xffff;
    } else {
      throw new DecodeError(`malformed frame: the ${name} is not a byte string`);
    }
    if (length <= lengthOfShorterHead) throw notShortest(name);
    if (exactLength !== undefined && length !== exactLength) {
      throw new DecodeError(`malformed frame: the ${name} has not ${exactLength} bytes`);
    }
    return this.#take(length);
  }

  timestamp(): number {
    this.expect(FLOAT_64, "a float64 for a timestamp");
    const timestamp = readFloat(this.#bytes, this.#take(8), 8);
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
