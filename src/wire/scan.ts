import { isUtf8 } from "#native";
import { decodeUtf8, readUint } from "../bytes.js";
import { DecodeError } from "../errors.js";
import { MAX_ELEMENTS, MAX_NESTING } from "../limits.js";
import { decodeKey } from "./decode.js";

/** Keys that are rejected, because they have a special meaning in JavaScript objects (docs/PROTOCOL.md, section 2). */
export const FORBIDDEN_KEYS: ReadonlySet<string> = /* @__PURE__ */ new Set([
  "__proto__",
  "constructor",
  "prototype",
]);

/**
 * Nesting and elements of a frame outside its payload: the map and the four entries of a wire 1 frame. Wire 2 counts the
 * same, so that a payload fits both wires or neither.
 */
export const INSIDE_FRAME = { nesting: 1, elements: 4 } as const;

/** Maximum entries of a map whose keys are compared pair by pair, which allocates nothing. */
const PAIRWISE_KEYS = 16;

/**
 * Checks the untrusted MessagePack value that fills `bytes` from `start` on against docs/PROTOCOL.md, section 2. It reads
 * the bytes once, decodes nothing, and allocates nothing that the bytes declare.
 *
 * Returns the offsets where the direct children of the outermost map or array start (in a map: key, value, key, value …),
 * followed by the offset of the end. `nesting` and `elements` are those of the containers around `bytes`.
 *
 * @throws {DecodeError} if the value is malformed or exceeds a limit.
 */
export function scan(
  bytes: Uint8Array,
  { nesting = 0, elements = 0 }: { nesting?: number; elements?: number } = {},
  start = 0,
): number[] {
  const scanner = new Scanner(bytes, start, nesting, elements);
  scanner.value();
  if (scanner.at !== bytes.length) throw malformed(scanner.at, "bytes after the end");
  scanner.children.push(scanner.at);
  return scanner.children;
}

class Scanner {
  readonly children: number[] = [];
  at: number;
  readonly #bytes: Uint8Array;
  readonly #outermost: number;
  /** Start and end offsets of the keys of the enclosing small maps, innermost last. */
  readonly #keyOffsets: number[] = [];
  #nesting: number;
  #elements: number;
  #textStart = 0;

  constructor(bytes: Uint8Array, start: number, nesting: number, elements: number) {
    this.#bytes = bytes;
    this.at = start;
    this.#nesting = nesting;
    this.#outermost = nesting + 1;
    this.#elements = elements;
  }

  value(): void {
    const head = this.#byte();
    if (head <= 0x7f || head >= 0xe0) return;
    if (head <= 0x8f) return this.#map(head & 0x0f);
    if (head <= 0x9f) return this.#array(head & 0x0f);
    if (head <= 0xbf) return this.#text(head & 0x1f);
    switch (head) {
      case 0xc0: // nil
      case 0xc2: // false
      case 0xc3: // true
        return;
      case 0xc4: // bin 8, 16, 32
        return this.#skip(this.#byte());
      case 0xc5:
        return this.#skip(this.#take(2));
      case 0xc6:
        return this.#skip(this.#take(4));
      case 0xcc: // uint 8, int 8
      case 0xd0:
        return this.#skip(1);
      case 0xcd: // uint 16, int 16
      case 0xd1:
        return this.#skip(2);
      case 0xca: // float 32, uint 32, int 32
      case 0xce:
      case 0xd2:
        return this.#skip(4);
      case 0xcb: // float 64
        return this.#skip(8);
      case 0xcf:
        return this.#safeInteger(this.#take(4));
      case 0xd3:
        return this.#safeInteger(this.#take(4) | 0);
      case 0xd9: // str 8, 16, 32
        return this.#text(this.#byte());
      case 0xda:
        return this.#text(this.#take(2));
      case 0xdb:
        return this.#text(this.#take(4));
      case 0xdc: // array 16, 32
        return this.#array(this.#take(2));
      case 0xdd:
        return this.#array(this.#take(4));
      case 0xde: // map 16, 32
        return this.#map(this.#take(2));
      case 0xdf:
        return this.#map(this.#take(4));
      default:
        throw malformed(this.at - 1, "an extension type or an unassigned byte");
    }
  }

  #byte(): number {
    if (this.at >= this.#bytes.length) throw malformed(this.at, "the frame ends too early");
    return this.#bytes[this.at++]!;
  }

  /** Reads a big-endian unsigned integer of `size` bytes. */
  #take(size: 2 | 4): number {
    const from = this.at;
    this.#skip(size);
    return readUint(this.#bytes, from, size);
  }

  #skip(length: number): void {
    if (length > this.#bytes.length - this.at) throw malformed(this.at, "the frame ends too early");
    this.at += length;
  }

  #safeInteger(high: number): void {
    if (!Number.isSafeInteger(high * 2 ** 32 + this.#take(4))) {
      throw exceeded(`an integer past 2^53 at byte ${this.at - 9}`);
    }
  }

  #text(length: number): void {
    this.#textStart = this.at;
    this.#skip(length);
    if (!isUtf8(this.#bytes, this.#textStart, this.at)) {
      throw malformed(this.#textStart, "text that is not UTF-8");
    }
  }

  #enter(count: number, items: number): void {
    this.#nesting += 1;
    this.#elements += count;
    if (this.#nesting > MAX_NESTING) throw exceeded(`more than ${MAX_NESTING} nested containers`);
    if (this.#elements > MAX_ELEMENTS) throw exceeded(`more than ${MAX_ELEMENTS} elements`);
    if (items > this.#bytes.length - this.at) throw malformed(this.at, "the frame ends too early");
  }

  #array(count: number): void {
    this.#enter(count, count);
    const outermost = this.#nesting === this.#outermost;
    for (let item = 0; item < count; item++) {
      if (outermost) this.children.push(this.at);
      this.value();
    }
    this.#nesting -= 1;
  }

  #map(count: number): void {
    this.#enter(count, 2 * count);
    const outermost = this.#nesting === this.#outermost;
    const firstKey = this.#keyOffsets.length;
    // The keys get a prefix, because engines hash texts that look like array indices without a seed: an attacker could
    // choose keys that collide.
    const manyKeys = count > PAIRWISE_KEYS ? new Set<string>() : undefined;
    for (let entry = 0; entry < count; entry++) {
      if (outermost) this.children.push(this.at);
      const keyAt = this.at;
      this.#key();
      const start = this.#textStart;
      const end = this.at;
      const isRepeated = manyKeys
        ? manyKeys.size === manyKeys.add(`:${decodeUtf8(this.#bytes, start, end)}`).size
        : this.#isRepeated(firstKey, start, end);
      if (isRepeated) throw malformed(keyAt, "a duplicate key");
      const mayBeSpecial = end - start === 9 || end - start === 11;
      const special = mayBeSpecial ? decodeKey(this.#bytes, start, end) : "";
      if (FORBIDDEN_KEYS.has(special)) throw malformed(keyAt, "a forbidden key");
      if (outermost) this.children.push(this.at);
      if (special === "timestamp") this.#finite();
      this.value();
    }
    this.#keyOffsets.length = firstKey;
    this.#nesting -= 1;
  }

  /** Returns whether a key equals one since `firstKey`, and otherwise adds it to them. */
  #isRepeated(firstKey: number, start: number, end: number): boolean {
    const offsets = this.#keyOffsets;
    for (let pair = firstKey; pair < offsets.length; pair += 2) {
      if (this.#isSame(offsets[pair]!, offsets[pair + 1]!, start, end)) return true;
    }
    offsets.push(start, end);
    return false;
  }

  #isSame(start: number, end: number, otherStart: number, otherEnd: number): boolean {
    if (end - start !== otherEnd - otherStart) return false;
    for (let at = start, other = otherStart; at < end; at++, other++) {
      if (this.#bytes[at] !== this.#bytes[other]) return false;
    }
    return true;
  }

  #key(): void {
    const head = this.#bytes[this.at];
    if (head !== undefined && !(head >= 0xa0 && head <= 0xbf) && !(head >= 0xd9 && head <= 0xdb)) {
      throw malformed(this.at, "a key that is not text");
    }
    this.value();
  }

  /** Throws if the next value is a float that is not finite. */
  #finite(): void {
    const exponent = ((this.#bytes[this.at + 1] ?? 0) << 8) | (this.#bytes[this.at + 2] ?? 0);
    const head = this.#bytes[this.at];
    if (
      (head === 0xcb && (exponent & 0x7ff0) === 0x7ff0) ||
      (head === 0xca && (exponent & 0x7f80) === 0x7f80)
    ) {
      throw malformed(this.at, "a timestamp that is not finite");
    }
  }
}

function malformed(at: number, what: string): DecodeError {
  return new DecodeError(`malformed frame at byte ${at}: ${what}`);
}

function exceeded(what: string): DecodeError {
  return new DecodeError(`frame exceeds a limit: ${what}`, { code: "ERR_BOUND_EXCEEDED" });
}
