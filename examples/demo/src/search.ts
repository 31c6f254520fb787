import { setImmediate } from "node:timers/promises";
import { MIN_NEEDLE_BYTES, type Needle } from "./needles.js";

/** Where to search: a name, and all the bytes there. */
export interface Place {
  readonly name: string;
  readonly parts: readonly Uint8Array[];
}

export interface Finding {
  readonly needle: Needle;
  readonly place: Place;
}

const FILTER_BITS = 20;
/** Bytes that are searched before other work gets its turn. */
const SLICE_BYTES = 1 << 20;

/**
 * Which needles are in which places. All are sought in one pass: a hash of the last eight bytes tells, at every position,
 * whether a needle may begin there.
 */
export async function search(
  places: readonly Place[],
  needles: readonly Needle[],
  onProgress: (doneBytes: number, totalBytes: number) => void = () => {},
): Promise<Finding[]> {
  const { filter, byHash } = index(needles);
  const findings: Finding[] = [];
  const sizes = places.flatMap(({ parts }) => parts.map(({ length }) => length));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let done = 0;
  for (const place of places) {
    const found = new Set<Needle>();
    for (const part of place.parts) {
      for (const bytes of searchPart(part, filter, byHash, found)) {
        done += bytes;
        onProgress(done, total);
        await setImmediate();
      }
    }
    findings.push(...[...found].map((needle) => ({ needle, place })));
  }
  return findings;
}

/** Yields how many bytes were searched since the last time, after each slice. */
function* searchPart(
  bytes: Uint8Array,
  filter: Uint8Array,
  byHash: ReadonlyMap<number, readonly Needle[]>,
  found: Set<Needle>,
): Generator<number> {
  let older = 0;
  let newer = 0;
  for (let from = 0; from < bytes.length; from += SLICE_BYTES) {
    const end = Math.min(bytes.length, from + SLICE_BYTES);
    for (let at = from; at < end; at++) {
      older = (older << 8) | (newer >>> 24);
      newer = (newer << 8) | bytes[at]!;
      const hash = mix(older, newer);
      if (filter[hash >>> (32 - FILTER_BITS)] === 0) continue;
      const start = at + 1 - MIN_NEEDLE_BYTES;
      if (start < 0) continue;
      for (const needle of byHash.get(hash) ?? []) {
        if (!found.has(needle) && isAt(bytes, start, needle.bytes)) found.add(needle);
      }
    }
    yield end - from;
  }
}

function index(needles: readonly Needle[]) {
  const filter = new Uint8Array(2 ** FILTER_BITS);
  const byHash = new Map<number, Needle[]>();
  for (const needle of needles) {
    if (needle.bytes.length < MIN_NEEDLE_BYTES) {
      throw new RangeError(`a needle has at least ${MIN_NEEDLE_BYTES} bytes`);
    }
    const view = new DataView(needle.bytes.buffer, needle.bytes.byteOffset);
    const hash = mix(view.getInt32(0), view.getInt32(4));
    filter[hash >>> (32 - FILTER_BITS)] = 1;
    const others = byHash.get(hash);
    if (others) others.push(needle);
    else byHash.set(hash, [needle]);
  }
  return { filter, byHash };
}

function mix(older: number, newer: number): number {
  return (Math.imul(older, 0x9e3779b1) ^ Math.imul(newer, 0x85ebca6b)) >>> 0;
}

function isAt(bytes: Uint8Array, start: number, needle: Uint8Array): boolean {
  if (start + needle.length > bytes.length) return false;
  return needle.every((byte, at) => bytes[start + at] === byte);
}
