import { type Bytes, concat, encodeUtf8, lengthOf } from "../bytes.js";

// Structures of fixed layout, which are signed or hashed: their label, then fields without lengths.

/** Returns an unsigned integer as `size` big-endian bytes. */
export function uint(value: number, size: 1 | 2 | 4 | 8): Bytes {
  const bytes = new Uint8Array(size);
  let rest = value;
  for (let at = size - 1; at >= 0; at--) {
    bytes[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}

/** Reads an unsigned integer of any number of bytes. From 2^53 on the result is rounded, and is not a safe integer. */
function readUint(bytes: Uint8Array): number {
  let value = 0;
  for (const byte of bytes) value = value * 256 + byte;
  return value;
}

/** Reads fixed fields one after the other. The bytes of fields are copies. */
export class LayoutReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Number of bytes that are not read yet. */
  get rest(): number {
    return lengthOf(this.#bytes) - this.#at;
  }

  /** Reads a field of `size` bytes; fewer at the end. */
  bytes(size: number): Bytes {
    this.#at += size;
    return this.#bytes.slice(this.#at - size, this.#at) as Bytes;
  }

  /** Reads a big-endian unsigned integer. */
  uint(size: 1 | 2 | 4 | 8): number {
    return readUint(this.bytes(size));
  }
}

/** Returns a label in UTF-8, which ends with U+0000, and the parts after it. */
export function labelled(label: string, ...parts: readonly Uint8Array[]): Bytes {
  return concat(encodeUtf8(label), ...parts);
}
