import { type LacreError, MessageProtocol, SigningKey } from "lacre";
import { median } from "./measure.js";
import { SIGNING_SECRET, TIMESTAMP } from "./messages.js";

const SIZE = 65_536;
const HEAD = Buffer.from("\x82\xa4type\xa4test\xa7payload", "latin1");

function repeatedMaps(count: number): Uint8Array {
  const map = [0x81, 0xa4, 0x31, 0x30, 0x32, 0x33, 0x00];
  return Uint8Array.from({ length: count * map.length }, (_, at) => map[at % map.length]!);
}

/** Returns frames of 64 KiB that are expensive to read. The last ones are signed, so that they reach the decoder. */
function hostileFrames(key: SigningKey): Map<string, Uint8Array> {
  const repeated = (unit: number[]) =>
    Uint8Array.from({ length: SIZE - HEAD.length - 3 }, (_, at) => unit[at % unit.length]!);
  const wire1 = (...payload: (number | Uint8Array)[]) =>
    Uint8Array.from([
      ...HEAD,
      ...payload.flatMap((part) => (typeof part === "number" ? [part] : [...part])),
    ]);
  const keys = (count: number, key: (at: number) => string) =>
    Buffer.concat(
      Array.from({ length: count }, (_, at) => {
        const text = Buffer.from(key(at));
        return Buffer.concat([Buffer.of(0xa0 | text.length), text, Buffer.of(0xc0)]);
      }),
    );
  const size16 = (count: number) => [count >> 8, count & 255];
  const signed = (payload: Record<string, unknown>) =>
    new MessageProtocol({ type: "test", payload, wire: 2, timestamp: TIMESTAMP })
      .sign(key)
      .toBytes();
  return new Map<string, Uint8Array>([
    ["nested arrays", wire1(0x81, 0xa1, 0x61, repeated([0x91]))],
    ["nested maps", wire1(repeated([0x81, 0xa1, 0x61]))],
    [
      "an array of 2^32 elements",
      wire1(0x81, 0xa1, 0x61, 0xdd, 0xff, 0xff, 0xff, 0xff, repeated([0])),
    ],
    ["a map of 2^32 entries", wire1(0xdf, 0xff, 0xff, 0xff, 0xff, repeated([0]))],
    [
      "a text of 2^32 bytes",
      wire1(0x81, 0xa1, 0x61, 0xdb, 0xff, 0xff, 0xff, 0xff, repeated([0x61])),
    ],
    [
      "60,000 nils",
      wire1(0x81, 0xa1, 0x61, 0xdc, ...size16(60_000), new Uint8Array(60_000).fill(0xc0)),
    ],
    [
      "60,000 empty maps",
      wire1(0x81, 0xa1, 0x61, 0xdc, ...size16(60_000), new Uint8Array(60_000).fill(0x80)),
    ],
    [
      "10,000 distinct short keys",
      wire1(
        0xde,
        ...size16(10_000),
        keys(10_000, (at) => at.toString(36)),
      ),
    ],
    [
      "2,100 distinct keys of 29 bytes",
      wire1(
        0xde,
        ...size16(2_100),
        keys(2_100, (at) => String(at).padStart(29, "x")),
      ),
    ],
    [
      "keys that look like array indices",
      wire1(
        0xde,
        ...size16(6_000),
        keys(6_000, (at) => String(at * 32_768)),
      ),
    ],
    [
      "maps with such a key, as the type",
      Uint8Array.from([
        0x82,
        ...Buffer.from("\xa4type\xdc", "latin1"),
        ...size16(9_000),
        ...repeatedMaps(9_000),
        ...Buffer.from("\xa7payload\x80", "latin1"),
      ]),
    ],
    [
      "15 keys of 4 kB that differ in the last byte",
      wire1(
        0x8f,
        ...Array.from({ length: 15 }, (_, at) =>
          Uint8Array.of(0xda, 0x10, 0x00, ...new Uint8Array(4095).fill(0x61), at, 0xc0),
        ),
      ),
    ],
    [
      "invalid UTF-8 after 64 kB",
      wire1(0x81, 0xa1, 0x61, 0xda, ...size16(65_000), new Uint8Array(64_999).fill(0x61), 0xff),
    ],
    ["signed: 60,000 empty maps", signed({ a: Array(60_000).fill({}) })],
    [
      "signed: 9,000 keys",
      signed(Object.fromEntries(Array.from({ length: 9_000 }, (_, at) => [`k${at}`, at]))),
    ],
  ]);
}

const RUNS = 20;

/** Cost of reading one frame: median time, and maximum memory. */
export interface HostileResult {
  readonly name: string;
  readonly milliseconds: number;
  readonly megabytes: number;
  /** The code of the error, or `opened` if the frame is valid. */
  readonly outcome: string;
}

/** Opens each hostile frame. Needs the Node option `--expose-gc`. */
export function hostileResults(): HostileResult[] {
  const key = SigningKey.from(SIGNING_SECRET);
  return [...hostileFrames(key)].map(([name, frame]) => {
    const runs = Array.from({ length: RUNS }, () => cost(() => outcomeOf(frame, key)));
    return {
      name,
      milliseconds: median(runs.map(({ milliseconds }) => milliseconds)),
      megabytes: Math.max(...runs.map(({ megabytes }) => megabytes)),
      outcome: outcomeOf(frame, key),
    };
  });
}

function outcomeOf(frame: Uint8Array, key: SigningKey): string {
  try {
    MessageProtocol.open(frame, { key, now: TIMESTAMP });
    return "opened";
  } catch (error) {
    return (error as LacreError).code;
  }
}

function cost(work: () => void): { milliseconds: number; megabytes: number } {
  const used = () => {
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  globalThis.gc?.();
  const before = used();
  const start = performance.now();
  work();
  const milliseconds = performance.now() - start;
  return { milliseconds, megabytes: Math.max(0, used() - before) / 1e6 };
}
