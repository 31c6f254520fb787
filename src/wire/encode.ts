import { encodeBase64 } from "#native";
import {
  type Bytes,
  encodeUtf8,
  encodeUtf8Into,
  isBytes,
  isWellFormed,
  lengthOf,
} from "../bytes.js";
import { ValidationError, type ValidationIssue } from "../errors.js";
import { MAX_ELEMENTS, MAX_MAPS_WITH_NUMERIC_KEYS, MAX_NESTING } from "../limits.js";
import { beginsWithDigit } from "./decode.js";
import { FORBIDDEN_KEYS, INSIDE_FRAME } from "./scan.js";

/** How byte strings are encoded: as MessagePack bin, or as base64 text (wire 1). */
export type BytesForm = "bin" | "base64";

const INITIAL_BYTES = 1024;
const KEPT_BYTES = 65_536;
const SHORT_TEXT_UNITS = 40;

// All calls share one writer. A nested call (a payload's getter that encodes a message) finds it in use and makes its own.
let idle: Writer | undefined;

/**
 * Runs `write` on an empty writer and returns the written bytes, in an array that owns its buffer.
 *
 * @throws {ValidationError} if a value cannot be encoded within the bounds of docs/PROTOCOL.md, section 2.
 */
export function written(write: (writer: Writer) => void): Bytes {
  const writer = idle ?? new Writer();
  idle = undefined;
  try {
    write(writer);
    return writer.toBytes();
  } finally {
    writer.reset();
    idle = writer;
  }
}

/**
 * Writes MessagePack in its shortest form, with one exception: a number under the key `timestamp` is always a float64,
 * because the Python peers sign it in that form. Entries whose value is undefined are left out.
 */
export class Writer {
  #buffer = new Uint8Array(INITIAL_BYTES);
  #view = new DataView(this.#buffer.buffer);
  #length = 0;
  #nesting = 0;
  #elements = 0;
  #mapsWithNumericKeys = 0;
  readonly #path: PropertyKey[] = [];

  /** Empties the writer, and releases a buffer that is too large to keep. */
  reset(): void {
    this.#length = 0;
    this.#path.length = 0;
    if (this.#buffer.length > KEPT_BYTES) this.#replaceBuffer(new Uint8Array(INITIAL_BYTES));
  }

  /** Number of bytes written. */
  get length(): number {
    return this.#length;
  }

  /** Returns a copy of the written bytes. */
  toBytes(): Bytes {
    return this.#buffer.slice(0, this.#length);
  }

  byte(value: number): void {
    const at = this.#reserve(1);
    this.#buffer[at] = value;
  }

  raw(bytes: Uint8Array): void {
    const at = this.#reserve(lengthOf(bytes));
    this.#buffer.set(bytes, at);
  }

  bin(bytes: Uint8Array): void {
    this.#head(lengthOf(bytes), 0xc4);
    this.raw(bytes);
  }

  float64(value: number): void {
    const at = this.#reserve(9);
    this.#buffer[at] = 0xcb;
    this.#view.setFloat64(at + 1, value);
  }

  text(text: string): void {
    if (text.length <= SHORT_TEXT_UNITS && this.#shortAscii(text)) return;
    if (!isWellFormed(text)) throw this.#invalid("must not have a lone surrogate");
    const bytes = encodeUtf8(text);
    if (bytes.length <= 31) this.byte(0xa0 | bytes.length);
    else this.#head(bytes.length, 0xd9);
    this.raw(bytes);
  }

  /** Writes a frame's payload inside a byte string (wire 2). Returns the offset where the map starts. */
  payloadInBin(map: Readonly<Record<string, unknown>>): number {
    const headAt = this.#length;
    // Reserves the longest head, because its size is known only after the map is written.
    const start = this.#reserve(5) + 5;
    this.payload(map, "bin");
    const end = this.#length;
    this.#length = headAt;
    this.#head(end - start, 0xc4);
    const movedTo = this.#reserve(end - start);
    this.#buffer.copyWithin(movedTo, start, end);
    return movedTo;
  }

  /** Writes a frame's payload. */
  payload(map: Readonly<Record<string, unknown>>, form: BytesForm): void {
    this.#nesting = INSIDE_FRAME.nesting;
    this.#elements = INSIDE_FRAME.elements;
    this.#mapsWithNumericKeys = 0;
    if (!isPlainObject(map)) throw this.#invalid("must be a plain object");
    this.#map(map, form);
  }

  #value(value: unknown, form: BytesForm): void {
    switch (typeof value) {
      case "string":
        return this.text(value);
      case "number":
        return this.#number(value);
      case "boolean":
        return this.byte(value ? 0xc3 : 0xc2);
      case "object":
        if (value === null) return this.byte(0xc0);
        if (isBytes(value)) {
          if (form === "bin") return this.bin(value);
          return this.#ascii(encodeBase64(new Uint8Array(value)));
        }
        if (Array.isArray(value)) return this.#array(value, form);
        if (isPlainObject(value)) return this.#map(value, form);
    }
    throw this.#invalid("must be nil, a boolean, number, text, bytes, array or plain object");
  }

  #array(items: readonly unknown[], form: BytesForm): void {
    const { length } = items;
    const depth = this.#enter(length);
    if (length <= 15) this.byte(0x90 | length);
    else this.#head(length, 0xdb);
    for (let index = 0; index < length; index++) {
      this.#path[depth] = index;
      this.#value(items[index], form);
    }
    this.#leave(depth);
  }

  #map(map: Readonly<Record<string, unknown>>, form: BytesForm): void {
    const keys = Object.keys(map);
    const values = keys.map((key) => map[key]);
    let count = 0;
    for (const value of values) if (value !== undefined) count += 1;
    const depth = this.#enter(count);
    if (count <= 15) this.byte(0x80 | count);
    else this.#head(count, 0xdd);
    let hasNumericKey = false;
    for (let entry = 0; entry < keys.length; entry++) {
      const value = values[entry];
      if (value === undefined) continue;
      const key = keys[entry]!;
      this.#path[depth] = key;
      if (FORBIDDEN_KEYS.has(key)) throw this.#invalid("is a forbidden key");
      if (beginsWithDigit(key)) hasNumericKey = true;
      this.text(key);
      if (key === "timestamp" && typeof value === "number") {
        if (!Number.isFinite(value)) throw this.#invalid("must be finite");
        this.float64(value);
      } else {
        this.#value(value, form);
      }
    }
    if (hasNumericKey && ++this.#mapsWithNumericKeys > MAX_MAPS_WITH_NUMERIC_KEYS) {
      throw this.#invalid(`more than ${MAX_MAPS_WITH_NUMERIC_KEYS} maps with numeric keys`);
    }
    this.#leave(depth);
  }

  #number(value: number): void {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) return this.float64(value);
    if (value > 0x7f) {
      if (value <= 0xff) this.#integer(0xcc, 1, value);
      else if (value <= 0xffff) this.#integer(0xcd, 2, value);
      else if (value <= 0xffff_ffff) this.#integer(0xce, 4, value);
      else this.#integer(0xcf, 8, value);
    } else if (value >= -0x20) this.byte(value);
    else if (value >= -0x80) this.#integer(0xd0, 1, value);
    else if (value >= -0x8000) this.#integer(0xd1, 2, value);
    else if (value >= -0x8000_0000) this.#integer(0xd2, 4, value);
    else this.#integer(0xd3, 8, value);
  }

  /** Writes `head` and a big-endian integer of `size` bytes; a negative integer in two's complement. */
  #integer(head: number, size: 1 | 2 | 4 | 8, value: number): void {
    const at = this.#reserve(1 + size);
    this.#buffer[at] = head;
    let rest = value;
    for (let digit = size; digit > 0; digit--) {
      this.#buffer[at + digit] = rest & 0xff;
      rest = Math.floor(rest / 256);
    }
  }

  /** Writes the shortest head for a length. `first` is the head with an 8-bit length, or one less than the 16-bit head. */
  #head(length: number, first: 0xc4 | 0xd9 | 0xdb | 0xdd): void {
    const has8Bits = first === 0xc4 || first === 0xd9;
    if (has8Bits && length <= 0xff) this.#integer(first, 1, length);
    else if (length <= 0xffff) this.#integer(first + 1, 2, length);
    else this.#integer(first + 2, 4, length);
  }

  #ascii(text: string): void {
    if (text.length <= SHORT_TEXT_UNITS) return this.text(text);
    this.#head(text.length, 0xd9);
    const at = this.#reserve(text.length);
    encodeUtf8Into(text, this.#buffer.subarray(at));
  }

  #shortAscii(text: string): boolean {
    const headBytes = text.length <= 31 ? 1 : 2;
    const start = this.#reserve(headBytes + text.length);
    let at = start + headBytes;
    for (let unit = 0; unit < text.length; unit++) {
      const code = text.charCodeAt(unit);
      if (code > 0x7f) {
        this.#length = start;
        return false;
      }
      this.#buffer[at++] = code;
    }
    if (headBytes === 1) this.#buffer[start] = 0xa0 | text.length;
    else {
      this.#buffer[start] = 0xd9;
      this.#buffer[start + 1] = text.length;
    }
    return true;
  }

  #enter(count: number): number {
    this.#nesting += 1;
    this.#elements += count;
    if (this.#nesting > MAX_NESTING)
      throw this.#invalid(`more than ${MAX_NESTING} nested containers`);
    if (this.#elements > MAX_ELEMENTS) throw this.#invalid(`more than ${MAX_ELEMENTS} elements`);
    return this.#path.length;
  }

  #leave(depth: number): void {
    this.#path.length = depth;
    this.#nesting -= 1;
  }

  #reserve(size: number): number {
    const start = this.#length;
    const needed = start + size;
    if (needed > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(2 * this.#buffer.length, needed));
      larger.set(this.#buffer.subarray(0, start));
      this.#replaceBuffer(larger);
    }
    this.#length = needed;
    return start;
  }

  #replaceBuffer(buffer: Bytes): void {
    this.#buffer = buffer;
    this.#view = new DataView(buffer.buffer);
  }

  #invalid(message: string): ValidationError {
    const issue: ValidationIssue = { path: [...this.#path], message };
    return new ValidationError("payload", [issue]);
  }
}

/** Returns whether a value is an object without a prototype, or with the `Object.prototype` of any realm. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
