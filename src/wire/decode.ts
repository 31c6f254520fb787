import { decodeUtf8, readFloat, readUint } from "../bytes.js";
import { DecodeError } from "../errors.js";
import { MAX_MAPS_WITH_NUMERIC_KEYS } from "../limits.js";

/** A value that a frame can carry. */
export type WireValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly WireValue[]
  | WireMap;

/** A map of a frame. */
export interface WireMap {
  readonly [key: string]: WireValue;
}

/**
 * Decodes the MessagePack value at `start`. The result is frozen, and its byte strings are copies.
 *
 * Pass only bytes that `scan` has accepted: `decode` repeats none of its checks. It replaces @msgpack/msgpack's decoder,
 * which drops a U+FEFF at the start of texts over 200 bytes, so that two different texts decode to the same value.
 *
 * @throws {DecodeError} if more maps than `MAX_MAPS_WITH_NUMERIC_KEYS` have numeric keys.
 */
export function decode(bytes: Uint8Array, start: number): WireValue {
  return new Decoder(bytes, start).value();
}

/** A decoded map, and whether it has byte strings at any depth. All but its byte strings is frozen. */
export interface DecodedMap {
  readonly map: WireMap;
  readonly hasBytes: boolean;
}

/** Decodes a map like `decode`. Returns undefined if the value is not a map. */
export function decodeMap(bytes: Uint8Array, start: number): DecodedMap | undefined {
  const decoder = new Decoder(bytes, start);
  const value = decoder.value();
  return isWireMap(value) ? { map: value, hasBytes: decoder.hasBytes } : undefined;
}

function isWireMap(value: WireValue): value is WireMap {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array)
  );
}

class Decoder {
  hasBytes = false;
  readonly #bytes: Uint8Array;
  #at: number;
  #mapsWithNumericKeys = 0;

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#at = start;
  }

  value(): WireValue {
    const head = this.#bytes[this.#at++]!;
    if (head <= 0x7f) return head;
    if (head <= 0x8f) return this.#map(head & 0x0f);
    if (head <= 0x9f) return this.#array(head & 0x0f);
    if (head <= 0xbf) return this.#text(head & 0x1f);
    if (head >= 0xe0) return head - 0x100;
    switch (head) {
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
        return this.#binary(this.#uint(1));
      case 0xc5:
        return this.#binary(this.#uint(2));
      case 0xc6:
        return this.#binary(this.#uint(4));
      case 0xca:
        return readFloat(this.#bytes, this.#pass(4), 4);
      case 0xcb:
        return readFloat(this.#bytes, this.#pass(8), 8);
      case 0xcc:
        return this.#uint(1);
      case 0xcd:
        return this.#uint(2);
      case 0xce:
        return this.#uint(4);
      case 0xcf:
        return this.#uint(4) * 2 ** 32 + this.#uint(4);
      case 0xd0:
        return (this.#uint(1) << 24) >> 24;
      case 0xd1:
        return (this.#uint(2) << 16) >> 16;
      case 0xd2:
        return this.#uint(4) | 0;
      case 0xd3:
        return (this.#uint(4) | 0) * 2 ** 32 + this.#uint(4);
      case 0xd9:
        return this.#text(this.#uint(1));
      case 0xda:
        return this.#text(this.#uint(2));
      case 0xdb:
        return this.#text(this.#uint(4));
      case 0xdc:
        return this.#array(this.#uint(2));
      case 0xdd:
        return this.#array(this.#uint(4));
      case 0xde:
        return this.#map(this.#uint(2));
      case 0xdf:
        return this.#map(this.#uint(4));
      default:
        return null;
    }
  }

  /** Moves past `size` bytes. Returns the offset where they start. */
  #pass(size: number): number {
    const from = this.#at;
    this.#at += size;
    return from;
  }

  #uint(size: 1 | 2 | 4): number {
    return readUint(this.#bytes, this.#pass(size), size);
  }

  #text(length: number): string {
    const from = this.#pass(length);
    return decodeUtf8(this.#bytes, from, this.#at);
  }

  #binary(length: number): Uint8Array {
    const from = this.#pass(length);
    this.hasBytes = true;
    return this.#bytes.slice(from, this.#at);
  }

  #key(): string {
    const head = this.#bytes[this.#at]!;
    if (head > 0xbf) return this.value() as string;
    const start = this.#at + 1;
    this.#at = start + (head & 0x1f);
    return decodeKey(this.#bytes, start, this.#at);
  }

  #array(count: number): readonly WireValue[] {
    const items: WireValue[] = [];
    for (let item = 0; item < count; item++) items.push(this.value());
    return Object.freeze(items);
  }

  #map(count: number): WireMap {
    const map: Record<string, WireValue> = {};
    let hasNumericKey = false;
    for (let entry = 0; entry < count; entry++) {
      const key = this.#key();
      const value = this.value();
      if (beginsWithDigit(key)) hasNumericKey = true;
      setEntry(map, key, value);
    }
    if (hasNumericKey && ++this.#mapsWithNumericKeys > MAX_MAPS_WITH_NUMERIC_KEYS) {
      throw new DecodeError(
        `frame exceeds a limit: more than ${MAX_MAPS_WITH_NUMERIC_KEYS} maps with numeric keys`,
        { code: "ERR_BOUND_EXCEEDED" },
      );
    }
    return Object.freeze(map);
  }
}

const CACHED_KEYS = 256;
/** Decoded keys, hashed by length, first byte and last byte: comparing with one is faster than making a new string. */
const keyCache: string[] = /* @__PURE__ */ new Array(CACHED_KEYS).fill("");

/** Decodes the text of a map's key between two offsets, from a cache of common keys. */
export function decodeKey(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  const slot = (length * 31 + bytes[start]! * 7 + bytes[end - 1]!) % CACHED_KEYS;
  const cached = keyCache[slot]!;
  let at = cached.length === length ? 0 : -1;
  while (at >= 0 && at < length) at = cached.charCodeAt(at) === bytes[start + at] ? at + 1 : -1;
  if (at === length) return cached;
  const key = decodeUtf8(bytes, start, end);
  if (key.length === length) keyCache[slot] = key;
  return key;
}

/**
 * Adds an entry under a key that a peer chose. Assigning to a key like "1023" makes the engine reserve a thousand
 * elements, so such an entry is defined as a read-only property instead.
 */
export function setEntry(map: Record<string, unknown>, key: string, value: unknown): void {
  // Assigning to `__proto__` would set the prototype. Frames cannot have this key, but JSON can.
  if (beginsWithDigit(key) || key === "__proto__")
    Object.defineProperty(map, key, { value, enumerable: true });
  else map[key] = value;
}

/** Returns whether a key starts with a digit, so that an engine may treat it as an array index. */
export function beginsWithDigit(key: string): boolean {
  const first = key.charCodeAt(0);
  return first >= 0x30 && first <= 0x39;
}
