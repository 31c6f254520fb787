import type { MutantKind } from "../kind.js";

/** Mutants that change bytes anywhere in the frame. */
export const bytesKinds: readonly MutantKind[] = [
  {
    name: "truncated",
    outcome: "rejected",
    make: ({ bytes }, _, random) => bytes.subarray(0, random.below(bytes.length)),
  },
  {
    name: "without its beginning",
    outcome: "rejected",
    make: ({ bytes }, _, random) => bytes.subarray(1 + random.below(bytes.length - 1)),
  },
  {
    name: "bytes after the end",
    outcome: "rejected",
    make: ({ bytes }, _, random) => Buffer.concat([bytes, random.bytes(1 + random.below(8))]),
  },
  {
    name: "a frame before it",
    outcome: "rejected",
    make: ({ bytes }, other) => Buffer.concat([other.bytes, bytes]),
  },
  {
    name: "a byte removed",
    outcome: "rejected",
    make: ({ bytes }, _, random) => {
      const at = random.below(bytes.length);
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
    },
  },
  {
    name: "a byte inserted",
    outcome: "rejected",
    make: ({ bytes }, _, random) => {
      const at = random.below(bytes.length + 1);
      return Buffer.concat([bytes.subarray(0, at), random.bytes(1), bytes.subarray(at)]);
    },
  },
  {
    name: "a part repeated",
    outcome: "rejected",
    make: ({ bytes }, _, random) => {
      const at = random.below(bytes.length);
      const end = at + 1 + random.below(bytes.length - at);
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
    },
  },
  {
    name: "a part replaced by zeros",
    outcome: "compared",
    make: ({ bytes }, _, random) => {
      const at = random.below(bytes.length);
      return bytes.slice().fill(0, at, at + 1 + random.below(8));
    },
  },
  {
    name: "the first half of one and the second of another",
    outcome: "compared",
    make: ({ bytes }, other) =>
      Buffer.concat([
        bytes.subarray(0, bytes.length / 2),
        other.bytes.subarray(other.bytes.length / 2),
      ]),
  },
  {
    name: "four bits changed",
    outcome: "compared",
    make: ({ bytes }, _, random) => {
      const changed = bytes.slice();
      for (let bit = 0; bit < 4; bit++)
        changed[random.below(bytes.length)]! ^= 1 << random.below(8);
      return changed;
    },
  },
];
