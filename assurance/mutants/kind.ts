import type { Random } from "../support/random.js";
import { joined, type Part, PLACES, type Sample, type SampleKey } from "./samples.js";

/** A frame that came into being by changing a sound one, and how its receiver opens it. */
export interface Mutant {
  readonly bytes: Uint8Array;
  /** The receiver's key, where it is another than the sample's. */
  readonly openedWith?: SampleKey;
  /** The receiver's time, where it is another than the sample's. */
  readonly now?: number;
  /** Whether the receiver has opened the sample before. */
  readonly isReplay?: boolean;
}

/** One way of changing frames. */
export interface MutantKind {
  readonly name: string;
  /** `refused`: none of this kind ever opens. `judged`: the specification says which. */
  readonly outcome: "refused" | "judged";
  /** Whether its mutants are large, and one in sixteen is enough. */
  readonly isLarge?: boolean;
  /** A mutant of a sample; undefined where the sample has nothing to change in this way. `other` is another sound frame. */
  make(sample: Sample, other: Sample, random: Random): Mutant | Uint8Array | undefined;
}

type Place = keyof (typeof PLACES)[1];

/** The sample with one part changed. */
export function withPart(
  sample: Sample,
  place: Place,
  change: (value: Uint8Array) => Uint8Array,
): Uint8Array {
  const at = PLACES[sample.wire][place];
  return joined(
    sample.wire,
    sample.parts.map((part, index) =>
      index === at ? { ...part, value: change(part.value) } : part,
    ),
  );
}

/** What stands at a place of a sample. */
export function valueAt(sample: Sample, place: Place): Uint8Array {
  return sample.parts[PLACES[sample.wire][place]]!.value;
}

/** A kind for one wire alone, from the parts of a frame. */
export function ofParts(
  wire: 1 | 2,
  change: (parts: readonly Part[], random: Random) => readonly Part[],
): MutantKind["make"] {
  return (sample, _, random) =>
    sample.wire === wire ? joined(wire, change(sample.parts, random)) : undefined;
}

/** A text behind the shortest head. */
export function text(characters: string): Uint8Array {
  const bytes = Buffer.from(characters);
  const head = bytes.length <= 31 ? [0xa0 | bytes.length] : [0xd9, bytes.length];
  return Buffer.concat([Buffer.from(head), bytes]);
}
