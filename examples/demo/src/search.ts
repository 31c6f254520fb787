import { setImmediate } from "node:timers/promises";
import { type CanaryString, MIN_CANARY_BYTES } from "./canary-strings.js";

/** Data to search: its name, and its bytes in one or more parts. */
export interface Location {
  readonly name: string;
  readonly parts: readonly Uint8Array[];
}

export interface Finding {
  readonly canary: CanaryString;
  readonly location: Location;
}

const FILTER_BITS = 20;
/** Number of bytes that are searched before the event loop runs other work. */
const SLICE_BYTES = 1 << 20;

/**
 * Returns which canary strings are in which locations. One pass finds all of them: at every position, a hash of the last eight
 * bytes shows whether a canary string may begin there.
 */
export async function search(
  locations: readonly Location[],
  canaries: readonly CanaryString[],
  onProgress: (doneBytes: number, totalBytes: number) => void = () => {},
): Promise<Finding[]> {
  const { filter, byHash } = indexByHash(canaries);
  const findings: Finding[] = [];
  const sizes = locations.flatMap(({ parts }) => parts.map(({ length }) => length));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let done = 0;
  for (const location of locations) {
    const found = new Set<CanaryString>();
    for (const part of location.parts) {
      for (const bytes of searchPart(part, filter, byHash, found)) {
        done += bytes;
        onProgress(done, total);
        await setImmediate();
      }
    }
    findings.push(...[...found].map((canary) => ({ canary, location })));
  }
  return findings;
}

/** Adds the canary strings in `bytes` to `found`. Yields the number of bytes searched after each slice. */
function* searchPart(
  bytes: Uint8Array,
  filter: Uint8Array,
  byHash: ReadonlyMap<number, readonly CanaryString[]>,
  found: Set<CanaryString>,
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
      const start = at + 1 - MIN_CANARY_BYTES;
      if (start < 0) continue;
      for (const canary of byHash.get(hash) ?? []) {
        if (!found.has(canary) && isAt(bytes, start, canary.bytes)) found.add(canary);
      }
    }
    yield end - from;
  }
}

function indexByHash(canaries: readonly CanaryString[]) {
  const filter = new Uint8Array(2 ** FILTER_BITS);
  const byHash = new Map<number, CanaryString[]>();
  for (const canary of canaries) {
    if (canary.bytes.length < MIN_CANARY_BYTES) {
      throw new RangeError(`a canary string has at least ${MIN_CANARY_BYTES} bytes`);
    }
    const view = new DataView(canary.bytes.buffer, canary.bytes.byteOffset);
    const hash = mix(view.getInt32(0), view.getInt32(4));
    filter[hash >>> (32 - FILTER_BITS)] = 1;
    const others = byHash.get(hash);
    if (others) others.push(canary);
    else byHash.set(hash, [canary]);
  }
  return { filter, byHash };
}

function mix(older: number, newer: number): number {
  return (Math.imul(older, 0x9e3779b1) ^ Math.imul(newer, 0x85ebca6b)) >>> 0;
}

function isAt(bytes: Uint8Array, start: number, canary: Uint8Array): boolean {
  if (start + canary.length > bytes.length) return false;
  return canary.every((byte, at) => bytes[start + at] === byte);
}
