// RFC 1951. Written here because no library fits the bounds: fflate builds a large table for every block, so that a
// stream of empty blocks keeps it busy for minutes, takes streams that zlib refuses, and does not mind what follows an
// end; DecompressionStream is missing in places, and in Node does not mind that either.

const LONGEST_CODE = 15;
const END_OF_BLOCK = 256;

/** Base lengths and extra bits of the length symbols from 257 on (section 3.2.5). */
const LENGTHS = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
  163, 195, 227, 258,
];
const LENGTH_BITS = [
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
];
/** Base distances and extra bits of the distance symbols. */
const DISTANCES = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049,
  3073, 4097, 6145, 8193, 12_289, 16_385, 24_577,
];
const DISTANCE_BITS = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
];
/** The order in which the lengths of the code length code stand (section 3.2.7). */
const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/**
 * What a raw deflate stream that fills `bytes` inflates to, or undefined where it does not: broken, cut short, followed
 * by something, or longer than `longest` bytes inflated. Takes what zlib takes, and nothing else.
 */
export function inflate(bytes: Uint8Array, longest: number): Uint8Array | undefined {
  try {
    return new Inflater(bytes, longest).all();
  } catch (error) {
    if (error instanceof BrokenStream) return undefined;
    throw error;
  }
}

class BrokenStream extends Error {}

function demand(condition: boolean): void {
  if (!condition) throw new BrokenStream();
}

/** A canonical Huffman code (section 3.2.2): how many codes there are of each length, and the symbols in their order. */
interface Code {
  readonly counts: Uint16Array;
  readonly symbols: Uint16Array;
}

/**
 * The code of these lengths. Only one of a single symbol, or of none, may leave codes unused. (zlib refuses such a code
 * of code lengths at once; here it is refused by what it tells, as 257 equal lengths are no code, or one without an end.)
 */
function codeOf(lengths: Uint8Array): Code {
  const counts = new Uint16Array(LONGEST_CODE + 1);
  for (const length of lengths) counts[length]! += 1;
  const used = lengths.length - counts[0]!;
  const starts = new Uint16Array(LONGEST_CODE + 2);
  let unused = 1;
  for (let length = 1; length <= LONGEST_CODE; length++) {
    // Below zero, where there are too many codes, it stays below.
    unused = 2 * unused - counts[length]!;
    starts[length + 1] = starts[length]! + counts[length]!;
  }
  demand(unused === 0 || used === 0 || (used === 1 && counts[1] === 1));
  const symbols = new Uint16Array(used);
  for (const [symbol, length] of lengths.entries()) {
    if (length > 0) symbols[starts[length]!++] = symbol;
  }
  return { counts, symbols };
}

class Inflater {
  readonly #bytes: Uint8Array;
  readonly #longest: number;
  #at = 0;
  #held = 0;
  #heldBits = 0;
  #output: Uint8Array;
  #length = 0;

  constructor(bytes: Uint8Array, longest: number) {
    this.#bytes = bytes;
    this.#longest = longest;
    this.#output = new Uint8Array(Math.min(longest, 3 * bytes.length));
  }

  all(): Uint8Array {
    for (let isLast = false; !isLast; ) {
      isLast = this.#bits(1) === 1;
      const kind = this.#bits(2);
      demand(kind !== 3);
      if (kind === 0) this.#stored();
      else this.#compressed(...(kind === 1 ? fixedCodes() : this.#dynamicCodes()));
    }
    demand(this.#at === this.#bytes.length);
    return this.#output.slice(0, this.#length);
  }

  #stored(): void {
    this.#held = 0;
    this.#heldBits = 0;
    const length = this.#bits(16);
    demand((length ^ 0xffff) === this.#bits(16));
    const start = this.#grow(length);
    // Past the end of the bytes, as where there are fewer, no stream ends, nor goes on.
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
      demand(kind < LENGTHS.length);
      const length = LENGTHS[kind]! + this.#bits(LENGTH_BITS[kind]!);
      const distanceKind = this.#symbol(distances);
      demand(distanceKind < DISTANCES.length);
      const distance = DISTANCES[distanceKind]! + this.#bits(DISTANCE_BITS[distanceKind]!);
      demand(distance <= this.#length);
      const start = this.#grow(length);
      const output = this.#output;
      for (let at = start; at < start + length; at++) output[at] = output[at - distance]!;
    }
  }

  #dynamicCodes(): [literals: Code, distances: Code] {
    const literals = this.#bits(5) + 257;
    const distances = this.#bits(5) + 1;
    const codeLengths = this.#bits(4) + 4;
    demand(literals <= 286 && distances <= 30);
    const lengthsOfCodeLengths = new Uint8Array(CODE_LENGTH_ORDER.length);
    for (const symbol of CODE_LENGTH_ORDER.slice(0, codeLengths)) {
      lengthsOfCodeLengths[symbol] = this.#bits(3);
    }
    const lengths = this.#codeLengths(codeOf(lengthsOfCodeLengths), literals + distances);
    // Where there is no code for an end, the bytes or the room run out before one.
    return [codeOf(lengths.subarray(0, literals)), codeOf(lengths.subarray(literals))];
  }

  #codeLengths(code: Code, count: number): Uint8Array {
    const lengths = new Uint8Array(count);
    for (let at = 0; at < count; ) {
      const symbol = this.#symbol(code);
      if (symbol <= LONGEST_CODE) {
        lengths[at++] = symbol;
        continue;
      }
      demand(symbol !== 16 || at > 0);
      const repeated = symbol === 16 ? lengths[at - 1]! : 0;
      const [shortest, bits] = symbol === 16 ? [3, 2] : symbol === 17 ? [3, 3] : [11, 7];
      const end = at + shortest + this.#bits(bits);
      demand(end <= count);
      lengths.fill(repeated, at, end);
      at = end;
    }
    return lengths;
  }

  /** Goes through the code lengths, in each of which the codes are consecutive numbers. */
  #symbol({ counts, symbols }: Code): number {
    let code = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length <= LONGEST_CODE; length++) {
      code |= this.#bits(1);
      const count = counts[length]!;
      if (code - first < count) return symbols[index + code - first]!;
      index += count;
      first = 2 * (first + count);
      code *= 2;
    }
    throw new BrokenStream();
  }

  /** Takes up to 16 bits, the lowest first. */
  #bits(count: number): number {
    while (this.#heldBits < count) {
      demand(this.#at < this.#bytes.length);
      this.#held |= this.#bytes[this.#at++]! << this.#heldBits;
      this.#heldBits += 8;
    }
    const bits = this.#held & ((1 << count) - 1);
    this.#held >>>= count;
    this.#heldBits -= count;
    return bits;
  }

  /** Makes room for `count` bytes of output; returns where they begin. */
  #grow(count: number): number {
    const start = this.#length;
    this.#length += count;
    demand(this.#length <= this.#longest);
    if (this.#length > this.#output.length) {
      const larger = new Uint8Array(
        Math.min(this.#longest, Math.max(2 * this.#output.length, this.#length)),
      );
      larger.set(this.#output);
      this.#output = larger;
    }
    return start;
  }
}

/** The codes that need not be told (section 3.2.6). */
function fixedCodes(): [literals: Code, distances: Code] {
  if (fixed === undefined) {
    const lengths = new Uint8Array(288).fill(8).fill(9, 144, 256).fill(7, 256, 280);
    fixed = [codeOf(lengths), codeOf(new Uint8Array(32).fill(5))];
  }
  return fixed;
}

let fixed: [literals: Code, distances: Code] | undefined;
