import {
  frameWith,
  type InvalidField,
  invalidFields,
} from "../../../../src/testing/invalid-fields.js";
import { type MutantKind, ofParts, text, valueAt, withPart } from "../kind.js";
import type { Part } from "../samples.js";
import { fieldsOf } from "./payload.js";

const NIL = Buffer.of(0xc0);

/** Replaces a part by the one of another frame of the same wire, if it differs. */
function swapped(place: "type" | "payload" | "timestamp"): MutantKind["make"] {
  return (sample, other) => {
    if (other.wire !== sample.wire) return undefined;
    const theirs = valueAt(other, place);
    const isSame = Buffer.compare(theirs, valueAt(sample, place)) === 0;
    return isSame ? undefined : withPart(sample, place, () => theirs);
  };
}

function field(at: number, change: (value: Uint8Array) => Uint8Array): MutantKind["make"] {
  return ofParts(2, (parts) =>
    parts.map((part, index) => (index === at ? { ...part, value: change(part.value) } : part)),
  );
}

function entry(name: string, value: Uint8Array): Part {
  return { key: text(name), value };
}

const WIRE_2_FIELDS = ["version", "keyId", "id", "timestamp", "type", "payloadInBin"];

/** Mutants with one of the catalogue's invalid fields. */
function fieldKinds(wire: 1 | 2, name: InvalidField["field"]): MutantKind[] {
  const faults = invalidFields[wire].filter(({ field }) => field === name);
  const at = wire === 1 ? (name === "type" ? 0 : 2) : WIRE_2_FIELDS.indexOf(name);
  return [
    {
      name: `an invalid ${name} on wire ${wire}`,
      outcome: "rejected",
      make: ofParts(wire, (parts, random) => {
        const { key, value } = parts[at]!;
        return parts.with(at, { key, value: random.pick(faults).make(value) });
      }),
    },
    {
      name: `an invalid ${name} on wire ${wire}, signed again`,
      outcome: "rejected",
      make: (sample, _, random) =>
        sample.wire === wire
          ? frameWith(random.pick(faults), wire, sample.signedWith.key, fieldsOf(sample))
          : undefined,
    },
  ];
}

/** Mutants that change parts other than the payload and the tag. */
export const envelopeKinds: readonly MutantKind[] = [
  { name: "the type of another frame", outcome: "rejected", make: swapped("type") },
  { name: "the payload of another frame", outcome: "rejected", make: swapped("payload") },
  {
    name: "a later timestamp",
    outcome: "rejected",
    make: (sample) => withPart(sample, "timestamp", (value) => value.with(8, value[8]! ^ 1)),
  },
  {
    name: "a timestamp as integer",
    outcome: "rejected",
    make: (sample) => withPart(sample, "timestamp", () => Buffer.from("ce6553f100", "hex")),
  },
  {
    name: "no timestamp",
    outcome: "rejected",
    make: ofParts(1, (parts) => parts.filter((_, at) => at !== 2)),
  },
  {
    name: "no payload",
    outcome: "rejected",
    make: ofParts(1, (parts) => parts.filter((_, at) => at !== 1)),
  },
  {
    name: "no type",
    outcome: "rejected",
    make: ofParts(1, (parts) => parts.filter((_, at) => at !== 0)),
  },
  {
    name: "an entry twice",
    outcome: "rejected",
    make: ofParts(1, (parts, random) => [...parts, random.pick(parts)]),
  },
  {
    name: "an entry twice, in place of another",
    outcome: "rejected",
    make: ofParts(1, (parts, random) => {
      const at = random.below(4);
      return parts.with(at, parts[(at + 1 + random.below(3)) % 4]!);
    }),
  },
  {
    name: "an unknown entry",
    outcome: "rejected",
    make: ofParts(1, (parts) => [...parts, entry("extra", NIL)]),
  },
  {
    name: "an unknown entry in place of another",
    outcome: "rejected",
    make: ofParts(1, (parts, random) => parts.with(random.below(4), entry("extra", NIL))),
  },
  {
    name: "entries in another order",
    outcome: "compared",
    make: ofParts(1, (parts, random) => parts.toSorted(() => (random.oneIn(2) ? 1 : -1))),
  },
  {
    name: "keys of two entries swapped",
    outcome: "rejected",
    make: ofParts(1, (parts, random) => {
      const at = random.below(3);
      return parts.map((part, index) =>
        index === at
          ? { ...part, key: parts[at + 1]!.key }
          : index === at + 1
            ? { ...part, key: parts[at]!.key }
            : part,
      );
    }),
  },
  {
    name: "a key in capitals",
    outcome: "rejected",
    make: ofParts(1, (parts, random) => {
      const at = random.below(4);
      const { key, value } = parts[at]!;
      return parts.with(at, {
        key: text(Buffer.from(key.subarray(1)).toString().toUpperCase()),
        value,
      });
    }),
  },
  {
    name: "a key as bytes",
    outcome: "rejected",
    make: ofParts(1, (parts, random) => {
      const at = random.below(4);
      const { key, value } = parts[at]!;
      return parts.with(at, {
        key: Buffer.concat([Buffer.of(0xc4, key.length - 1), key.subarray(1)]),
        value,
      });
    }),
  },
  {
    name: "an array in place of the map",
    outcome: "rejected",
    make: (sample) => (sample.wire === 1 ? sample.bytes.with(0, 0x98) : undefined),
  },
  {
    name: "a longer head of the frame",
    outcome: "rejected",
    make: (sample) =>
      Buffer.concat([
        Buffer.of(sample.wire === 1 ? 0xde : 0xdc, 0, sample.parts.length),
        sample.bytes.subarray(1),
      ]),
  },
  {
    name: "another version",
    outcome: "rejected",
    make: (sample, _, random) =>
      sample.wire === 2 ? sample.bytes.with(1, [0, 1, 3, 0x7f][random.below(4)]!) : undefined,
  },
  {
    name: "no key id",
    outcome: "rejected",
    make: (sample) =>
      sample.signedWith.reference.id === ""
        ? undefined
        : field(1, () => Buffer.of(0xa0))(sample, sample, undefined as never),
  },
  { name: "another key id", outcome: "rejected", make: field(1, () => text("k0")) },
  {
    name: "the id of another frame",
    outcome: "rejected",
    make: (sample, other) =>
      sample === other || sample.wire === 1 || other.wire === 1
        ? undefined
        : field(2, () => other.parts[2]!.value)(sample, other, undefined as never),
  },
  {
    name: "one field more",
    outcome: "rejected",
    make: ofParts(2, (parts) => [...parts, { key: new Uint8Array(), value: NIL }]),
  },
  {
    name: "two fields swapped",
    outcome: "rejected",
    make: ofParts(2, (parts, random) => {
      const at = random.below(6);
      const copy = [...parts];
      [copy[at], copy[at + 1]] = [parts[at + 1]!, parts[at]!];
      return copy;
    }),
  },
  ...([1, 2] as const).flatMap((wire) =>
    [...new Set(invalidFields[wire].map(({ field }) => field))].flatMap((name) =>
      fieldKinds(wire, name),
    ),
  ),
];
