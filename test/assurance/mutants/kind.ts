import type { Random } from "../../support/random.js";
import { joined, PART_INDEX, type Part, type Sample, type SampleKey } from "./samples.js";

/** A changed copy of a valid frame, and how the receiver opens it. */
export interface Mutant {
  readonly bytes: Uint8Array;
  /** The receiver's key, if it differs from the key of the sample. */
  readonly openedWith?: SampleKey;
  /** The receiver's time, if it differs from the time of the sample. */
  readonly now?: number;
  /** Whether the receiver has already opened the sample. */
  readonly isReplay?: boolean;
}

/** One way to change frames. */
export interface MutantKind {
  readonly name: string;
  /** `rejected`: no mutant of this kind opens. `compared`: the reference reader decides which open. */
  readonly outcome: "rejected" | "compared";
  /** Whether its mutants are large: only one in sixteen is made. */
  readonly isLarge?: boolean;
  /** Makes a mutant, or returns undefined if this kind does not apply to the sample. `other` is another valid frame. */
  make(sample: Sample, other: Sample, random: Random): Mutant | Uint8Array | undefined;
}

type PartName = keyof (typeof PART_INDEX)[1];

/** Returns the bytes of a sample with one part changed. */
export function withPart(
  sample: Sample,
  name: PartName,
  change: (value: Uint8Array) => Uint8Array,
): Uint8Array {
  const at = PART_INDEX[sample.wire][name];
  return joined(
    sample.wire,
    sample.parts.map((part, index) =>
      index === at ? { ...part, value: change(part.value) } : part,
    ),
  );
}

/** Returns one part of a sample. */
export function valueAt(sample: Sample, name: PartName): Uint8Array {
  return sample.parts[PART_INDEX[sample.wire][name]]!.value;
}

/** Makes mutants of frames of one wire, by a change of their parts. */
export function ofParts(
  wire: 1 | 2,
  change: (parts: readonly Part[], random: Random) => readonly Part[],
): MutantKind["make"] {
  return (sample, _, random) =>
    sample.wire === wire ? joined(wire, change(sample.parts, random)) : undefined;
}

/** Encodes a text with the shortest head. */
export function text(characters: string): Uint8Array {
  const bytes = Buffer.from(characters);
  const head = bytes.length <= 31 ? [0xa0 | bytes.length] : [0xd9, bytes.length];
  return Buffer.concat([Buffer.from(head), bytes]);
}
