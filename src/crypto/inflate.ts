// RFC 1951. No library fits: fflate builds a large table for every block, so that a stream of empty blocks occupies it
// for minutes; it also accepts streams that zlib rejects, and bytes after the end. DecompressionStream is missing on
// some platforms, and accepts bytes after the end in Node.

const MAX_CODE_BITS = 15;
const END_OF_BLOCK = 256;

/** Base lengths of the length symbols from 257 on, and their extra bits (RFC 1951, section 3.2.5). */
const LENGTHS = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
  163, 195, 227, 258,
];
const LENGTH_BITS = [
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
];
/** Base distances of the distance symbols, and their extra bits (RFC 1951, section 3.2.5). */
const DISTANCES = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049,
  3073, 4097, 6145, 8193, 12_289, 16_385, 24_577,
];
const DISTANCE_BITS = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
];
/** Order in which the lengths of the code length code are stored (RFC 1951, section 3.2.7). */
const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/**
 * Decompresses a raw deflate stream that fills `bytes`. Accepts the same streams as zlib. Returns undefined for a stream
 * that is malformed, truncated, followed by other bytes, or longer than `maxLength` bytes when inflated.
 */
export function inflate(bytes: Uint8Array, maxLength: number): Uint8Array | undefined {
  try {
    return new Inflater(bytes, maxLength).all();
  } catch (error) {
    if (error instanceof InflateError) return undefined;
    throw error;
  }
}

class InflateError extends Error {}

function assert(condition: boolean): void {
  if (!condition) throw new InflateError();
}

/** A canonical Huffman code (RFC 1951, section 3.2.2): the number of codes of each length, and the symbols in code order. */
interface Code {
  readonly counts: Uint16Array;
  readonly symbols: Uint16Array;
}

/**
 * Builds the code with these lengths. Only a code of one symbol or none may be incomplete. zlib also rejects an incomplete
 * code length code when it reads it. Here such a stream fails later: the 257 equal lengths that it can describe are no
 * valid code, or a code without an end-of-block symbol.
 */
function codeOf(lengths: Uint8Array): Code {
  const counts = new Uint16Array(MAX_CODE_BITS + 1);
  // Indexed loops for speed: a stream of empty blocks calls this function once every 12 bytes.
  for (let symbol = 0; symbol < lengths.length; symbol++) counts[lengths[symbol]!]! += 1;
  const used = lengths.length - counts[0]!;
  const starts = new Uint16Array(MAX_CODE_BITS + 2);
  let unused = 1;
  for (let length = 1; length <= MAX_CODE_BITS; length++) {
    // Too many codes make `unused` negative, and it then stays negative: one check after the loop suffices.
    unused = 2 * unused - counts[length]!;
    starts[length + 1] = starts[length]! + counts[length]!;
  }
  assert(unused === 0 || used === 0 || (used === 1 && counts[1] === 1));
  const symbols = new Uint16Array(used);
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol]!;
    if (length > 0) symbols[starts[length]!++] = symbol;
  }
  return { counts, symbols };
}

class Inflater {
  readonly #bytes: Uint8Array;
  readonly #maxLength: number;
  #at = 0;
  #buffered = 0;
  #bufferedBits = 0;
  #output: Uint8Array;
  #length = 0;

  constructor(bytes: Uint8Array, maxLength: number) {
    this.#bytes = bytes;
    this.#maxLength = maxLength;
    this.#output = new Uint8Array(Math.min(maxLength, 3 * bytes.length));
  }

  all(): Uint8Array {
    for (let isLast = false; !isLast; ) {
      isLast = this.#bits(1) === 1;
      const kind = this.#bits(2);
      assert(kind !== 3);
      if (kind === 0) this.#stored();
      else this.#compressed(...(kind === 1 ? fixedCodes() : this.#dynamicCodes()));
    }
    assert(this.#at === this.#bytes.length);
    return this.#output.slice(0, this.#length);
  }

  #stored(): void {
    this.#buffered = 0;
    this.#bufferedBits = 0;
    const length = this.#bits(16);
    assert((length ^ 0xffff) === this.#bits(16));
    const start = this.#grow(length);
    // With fewer than `length` bytes left, `#at` moves past the end: the next read, or the check at the end, fails.
    this.#output.set(this.#bytes.subarray(this.#at, this.#at + length), start);
    this.#at += length;
  }

  #compressed(literals: Code, distances: Code): void {
    for (;;) {
      const symbol = this.#symbol(literals);
      if (symbol === END_OF_BLOCK) return;
      if (symbol < END_OF_BLOCK) {
        const at = this.#grow(1);
        this.#output[at] = symbol;
        continue;
      }
      const kind = symbol - END_OF_BLOCK - 1;
      assert(kind < LENGTHS.length);
      const length = LENGTHS[kind]! + this.#bits(LENGTH_BITS[kind]!);
      const distanceKind = this.#symbol(distances);
      assert(distanceKind < DISTANCES.length);
      const distance = DISTANCES[distanceKind]! + this.#bits(DISTANCE_BITS[distanceKind]!);
      assert(distance <= this.#length);
      const start = this.#grow(length);
      const output = this.#output;
      for (let at = start; at < start + length; at++) output[at] = output[at - distance]!;
    }
  }

  #dynamicCodes(): [literals: Code, distances: Code] {
    const literals = this.#bits(5) + 257;
    const distances = this.#bits(5) + 1;
    const codeLengths = this.#bits(4) + 4;
    assert(literals <= 286 && distances <= 30);
    const lengthsOfCodeLengths = new Uint8Array(CODE_LENGTH_ORDER.length);
    for (const symbol of CODE_LENGTH_ORDER.slice(0, codeLengths)) {
      lengthsOfCodeLengths[symbol] = this.#bits(3);
    }
    const lengths = this.#codeLengths(codeOf(lengthsOfCodeLengths), literals + distances);
    // A code without an end-of-block symbol needs no check: the input or `maxLength` runs out first.
    return [codeOf(lengths.subarray(0, literals)), codeOf(lengths.subarray(literals))];
  }

  #codeLengths(code: Code, count: number): Uint8Array {
    const lengths = new Uint8Array(count);
    for (let at = 0; at < count; ) {
      const symbol = this.#symbol(code);
      if (symbol <= MAX_CODE_BITS) {
        lengths[at++] = symbol;
        continue;
      }
      assert(symbol !== 16 || at > 0);
      const repeated = symbol === 16 ? lengths[at - 1]! : 0;
      const [shortest, bits] = symbol === 16 ? [3, 2] : symbol === 17 ? [3, 3] : [11, 7];
      const end = at + shortest + this.#bits(bits);
      assert(end <= count);
      lengths.fill(repeated, at, end);
      at = end;
    }
    return lengths;
  }

  /** Reads one symbol. Codes of the same length are consecutive numbers, so that it compares once per length. */
  #symbol({ counts, symbols }: Code): number {
    let code = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length <= MAX_CODE_BITS; length++) {
      code |= this.#bits(1);
      const count = counts[length]!;
      if (code - first < count) return symbols[index + code - first]!;
      index += count;
      first = 2 * (first + count);
      code *= 2;
    }
    throw new InflateError();
  }

  /** Reads up to 16 bits, least significant bit first. */
  #bits(count: number): number {
    while (this.#bufferedBits < count) {
      assert(this.#at < this.#bytes.length);
      this.#buffered |= this.#bytes[this.#at++]! << this.#bufferedBits;
      this.#bufferedBits += 8;
    }
    const bits = this.#buffered & ((1 << count) - 1);
    this.#buffered >>>= count;
    this.#bufferedBits -= count;
    return bits;
  }

  /** Extends the output by `count` bytes. Returns the offset where they start. */
  #grow(count: number): number {
    const start = this.#length;
    this.#length += count;
    assert(this.#length <= this.#maxLength);
    if (this.#length > this.#output.length) {
      const larger = new Uint8Array(
        Math.min(this.#maxLength, Math.max(2 * this.#output.length, this.#length)),
      );
      larger.set(this.#output);
      this.#output = larger;
    }
    return start;
  }
}

/** Returns the fixed codes, which a stream does not describe (RFC 1951, section 3.2.6). */
function fixedCodes(): [literals: Code, distances: Code] {
  if (fixed === undefined) {
    const lengths = new Uint8Array(288).fill(8).fill(9, 144, 256).fill(7, 256, 280);
    fixed = [codeOf(lengths), codeOf(new Uint8Array(32).fill(5))];
  }
  return fixed;
}

let fixed: [literals: Code, distances: Code] | undefined;
