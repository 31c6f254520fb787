import { isUtf8 } from "#native";
import {
  type Bytes,
  concat,
  decodeUtf8,
  encodeHex,
  equalConstantTime,
  readFloat,
  readUint,
} from "../bytes.js";
import type { HmacSha256 } from "../crypto/hmac.js";
import { DecodeError } from "../errors.js";
import { MAC_BYTES, MAX_KEY_ID_BYTES, MAX_TYPE_BYTES } from "../limits.js";
import { type DecodedMap, decodeMap } from "./decode.js";
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
/** Size of the longest key id with its str 8 head. */
const MAX_ENCODED_KEY_ID_BYTES = 2 + MAX_KEY_ID_BYTES;

/** Returns whether a frame that starts with this byte is a wire 2 frame. */
export function isWire2(firstByte: number | undefined): boolean {
  return firstByte === ARRAY_OF_7;
}

/**
 * Encodes a new, unsigned wire 2 frame (docs/PROTOCOL.md, section 4). `id` has 16 bytes.
 *
 * @throws {ValidationError} if the payload cannot be encoded.
 */
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

/**
 * Reads a frame for which `isWire2` is true. The frame keeps `bytes`. Its payload is not checked before `decodePayload`.
 *
 * @throws {DecodeError} if the bytes are not a wire 2 frame.
 */
export function readWire2(bytes: Uint8Array): Frame {
  const reader = new Wire2Reader(bytes);
  reader.expect(VERSION, "the version is not 2");
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

interface Wire2Parts {
  readonly type: string;
  readonly timestamp: number;
  readonly keyId: string;
  /** The bytes that the signature covers: all fields but the tag. */
  readonly covered: Uint8Array;
  /** Offset where the key id ends. The bytes from there on are the same under every key. */
  readonly keyIdEnd: number;
  /** Offset where the payload's map starts. It ends where `covered` ends. */
  readonly payloadStart: number;
}

class Wire2Frame implements Frame {
  readonly wire = 2;
  readonly type: string;
  readonly timestamp: number;
  readonly keyId: string;
  readonly #parts: Wire2Parts;
  readonly #tag: Uint8Array | undefined;

  constructor(parts: Wire2Parts, tag: Uint8Array | undefined) {
    this.type = parts.type;
    this.timestamp = parts.timestamp;
    this.keyId = parts.keyId;
    this.#parts = parts;
    this.#tag = tag;
  }

  get id(): Uint8Array {
    const { covered, keyIdEnd } = this.#parts;
    const start = keyIdEnd + BIN_8_HEAD_BYTES;
    return covered.subarray(start, start + ID_BYTES);
  }

  get isSigned(): boolean {
    return this.#tag !== undefined;
  }

  get signature(): string {
    return this.#tag ? encodeHex(this.#tag) : "";
  }

  toBytes(): Bytes {
    return concat(this.#parts.covered, MAC_HEAD, this.#tag!);
  }

  decodePayload(): DecodedMap {
    const { covered, payloadStart } = this.#parts;
    scan(covered, INSIDE_FRAME, payloadStart);
    const decoded = decodeMap(covered, payloadStart);
    if (decoded === undefined) throw new DecodeError("malformed frame: the payload is not a map");
    return decoded;
  }

  get signedLength(): number {
    const { covered, keyIdEnd } = this.#parts;
    return 2 + MAX_ENCODED_KEY_ID_BYTES + (covered.length - keyIdEnd) + MAC_HEAD.length + MAC_BYTES;
  }

  signedBy(mac: HmacSha256, { keyId }: { keyId: string }): Frame {
    const parts = keyId === this.keyId ? this.#parts : withKeyId(this.#parts, keyId);
    return new Wire2Frame(parts, mac(parts.covered));
  }

  matchingTag(mac: HmacSha256): Bytes | undefined {
    if (this.#tag === undefined) return undefined;
    const expected = mac(this.#parts.covered);
    return equalConstantTime(expected, this.#tag) ? expected : undefined;
  }
}

/** Writes the fields before the frame's id. Returns the offset where the id starts. */
function writeStart(writer: Writer, keyId: string): number {
  writer.byte(ARRAY_OF_7);
  writer.byte(VERSION);
  writer.text(keyId);
  return writer.length;
}

function withKeyId(parts: Wire2Parts, keyId: string): Wire2Parts {
  let keyIdEnd = 0;
  const covered = written((writer) => {
    keyIdEnd = writeStart(writer, keyId);
    writer.raw(parts.covered.subarray(parts.keyIdEnd));
  });
  const payloadStart = parts.payloadStart + keyIdEnd - parts.keyIdEnd;
  return { ...parts, keyId, covered, keyIdEnd, payloadStart };
}

/** Reads the fields after the array's head in order. Each field has one valid encoding. */
class Wire2Reader {
  at = 1;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  expect(byte: number, otherwise: string): void {
    if (this.#bytes[this.#take(1)] !== byte) throw new DecodeError(`malformed frame: ${otherwise}`);
  }

  text(name: string, shortest: number, longest: number): string {
    const head = this.#bytes[this.#take(1)]!;
    const isFixed = head >= 0xa0 && head <= 0xbf;
    if (!isFixed && head !== STR_8)
      throw new DecodeError(`malformed frame: the ${name} is not text`);
    const length = isFixed ? head & 0x1f : this.#bytes[this.#take(1)]!;
    if (!isFixed && length <= 31) throw notShortest(name);
    if (length < shortest || length > longest) {
      throw new DecodeError(
        `malformed frame: the ${name} must have ${shortest} to ${longest} bytes`,
      );
    }
    const start = this.#take(length);
    if (!isUtf8(this.#bytes, start, this.at)) {
      throw new DecodeError(`malformed frame: the ${name} is not UTF-8`);
    }
    return decodeUtf8(this.#bytes, start, this.at);
  }

  /** Moves past a byte string. Returns the offset where its bytes start. */
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
      throw new DecodeError(`malformed frame: the ${name} must have ${exactLength} bytes`);
    }
    return this.#take(length);
  }

  timestamp(): number {
    this.expect(FLOAT_64, "the timestamp is not a float64");
    const timestamp = readFloat(this.#bytes, this.#take(8), 8);
    if (!Number.isFinite(timestamp)) {
      throw new DecodeError("malformed frame: a timestamp that is not finite");
    }
    return timestamp;
  }

  /** Moves past `size` bytes. Returns the offset where they start. */
  #take(size: number): number {
    const from = this.at;
    if (size > this.#bytes.length - from) {
      throw new DecodeError("malformed frame: the frame ends too early");
    }
    this.at += size;
    return from;
  }
}

function notShortest(name: string): DecodeError {
  return new DecodeError(`malformed frame: the ${name} is not in its shortest form`);
}
