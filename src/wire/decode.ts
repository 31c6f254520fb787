import { decodeUtf8, readFloat, readUint } from "../bytes.js";

/** What a frame can carry. */
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
 * Value of the MessagePack at `start`, frozen, with byte strings copied out of `bytes`.
 *
 * Only for bytes that `scan` has passed: nothing is checked again here. It is not @msgpack/msgpack's decoder because
 * that one drops a U+FEFF at the start of texts over 200 bytes, which makes one text of two.
 */
export function decode(bytes: Uint8Array, start: number): WireValue {
  return new Decoder(bytes, start).value();
}

class Decoder {
  readonly #bytes: Uint8Array;
  #at: number;

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

  /** Moves over `size` bytes; returns where they began. */
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
    for (let entry = 0; entry < count; entry++) {
      const key = this.#key();
      const value = this.value();
      // Assigned, a key like "1023" has the engine reserve a thousand elements, in each of thousands of maps.
      if (startsWithDigit(key)) Object.defineProperty(map, key, { value, enumerable: true });
      else map[key] = value;
    }
    return Object.freeze(map);
  }
}

const KEPT_KEYS = 256;
/** Keys by what they begin and end with: one that the engine knows already costs a comparison, a new one a look-up. */
const keptKeys: string[] = /* @__PURE__ */ new Array(KEPT_KEYS).fill("");

/** Text of a map's key between two offsets, which is one of few as a rule. */
export function decodeKey(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  const slot = (length * 31 + bytes[start]! * 7 + bytes[end - 1]!) % KEPT_KEYS;
  const kept = keptKeys[slot]!;
  let at = kept.length === length ? 0 : -1;
  while (at >= 0 && at < length) at = kept.charCodeAt(at) === bytes[start + at] ? at + 1 : -1;
  if (at === length) return kept;
  const key = decodeUtf8(bytes, start, end);
  if (key.length === length) keptKeys[slot] = key;
  return key;
}

function startsWithDigit(key: string): boolean {
  const first = key.charCodeAt(0);
  return first >= 0x30 && first <= 0x39;
}
