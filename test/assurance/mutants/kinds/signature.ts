import { type MutantKind, ofParts, text, valueAt, withPart } from "../kind.js";

const HEX_HEAD = Buffer.of(0xd9, 0x40);

/** Encodes a tag with the shortest head: as text on wire 1, as bytes on wire 2. */
function tagOf(wire: 1 | 2, content: Uint8Array): Uint8Array {
  if (wire === 1) return text(Buffer.from(content).toString("latin1"));
  return Buffer.concat([Buffer.of(0xc4, content.length), content]);
}

function retagged(change: (content: Buffer, wire: 1 | 2) => Uint8Array): MutantKind["make"] {
  return (sample) =>
    withPart(sample, "tag", (value) =>
      tagOf(sample.wire, change(Buffer.from(value.subarray(2)), sample.wire)),
    );
}

/** Mutants that change the tag. */
export const signatureKinds: readonly MutantKind[] = [
  {
    name: "a tag of zeros",
    outcome: "rejected",
    make: retagged((tag, wire) => tag.fill(wire === 1 ? "0" : 0)),
  },
  { name: "an empty tag", outcome: "rejected", make: retagged(() => Buffer.alloc(0)) },
  {
    name: "half a tag",
    outcome: "rejected",
    make: retagged((tag) => tag.subarray(0, tag.length / 2)),
  },
  {
    name: "a tag without its last byte",
    outcome: "rejected",
    make: retagged((tag) => tag.subarray(0, -1)),
  },
  {
    name: "a tag and one byte more",
    outcome: "rejected",
    make: retagged((tag) => Buffer.concat([tag, Buffer.from("0")])),
  },
  { name: "a tag twice", outcome: "rejected", make: retagged((tag) => Buffer.concat([tag, tag])) },
  { name: "a tag in reverse", outcome: "rejected", make: retagged((tag) => tag.reverse()) },
  {
    name: "a tag with two bytes swapped",
    outcome: "compared",
    make: (sample, _, random) =>
      withPart(sample, "tag", (value) => {
        const swapped = value.slice();
        const [one, two] = [2 + random.below(value.length - 2), 2 + random.below(value.length - 2)];
        [swapped[one], swapped[two]] = [swapped[two]!, swapped[one]!];
        return swapped;
      }),
  },
  {
    name: "a tag in capitals",
    outcome: "compared",
    make: (sample) =>
      sample.wire === 1
        ? withPart(sample, "tag", (value) =>
            Buffer.from(
              Buffer.from(value)
                .toString("latin1")
                .replace(/[a-f]/g, (digit) => digit.toUpperCase()),
              "latin1",
            ),
          )
        : undefined,
  },
  {
    name: "one digit of a tag in capitals",
    outcome: "rejected",
    make: (sample) => {
      if (sample.wire === 2) return undefined;
      const digits = Buffer.from(valueAt(sample, "tag")).toString("latin1");
      const at = digits.search(/[a-f]/);
      if (at < 0) return undefined;
      const changed = digits.slice(0, at) + digits[at]!.toUpperCase() + digits.slice(at + 1);
      return withPart(sample, "tag", () => Buffer.from(changed, "latin1"));
    },
  },
  {
    name: "a tag with a space around it",
    outcome: "rejected",
    make: (sample) =>
      sample.wire === 1
        ? withPart(sample, "tag", (value) => text(` ${Buffer.from(value.subarray(2)).toString()}`))
        : undefined,
  },
  {
    name: "a tag as base64",
    outcome: "rejected",
    make: (sample) =>
      sample.wire === 1
        ? withPart(sample, "tag", (value) =>
            text(Buffer.from(Buffer.from(value.subarray(2)).toString(), "hex").toString("base64")),
          )
        : undefined,
  },
  {
    name: "a tag as bytes on wire 1, as text on wire 2",
    outcome: "rejected",
    make: (sample) =>
      withPart(sample, "tag", (value) => {
        const content = Buffer.from(value.subarray(2));
        if (sample.wire === 2)
          return Buffer.concat([HEX_HEAD, Buffer.from(content.toString("hex"))]);
        return Buffer.concat([Buffer.of(0xc4, 0x20), Buffer.from(content.toString(), "hex")]);
      }),
  },
  {
    name: "nil for a tag",
    outcome: "rejected",
    make: (sample) => withPart(sample, "tag", () => Buffer.of(0xc0)),
  },
  {
    name: "no tag at all",
    outcome: "rejected",
    make: (sample) =>
      ofParts(sample.wire, (parts) => parts.slice(0, -1))(sample, sample, undefined as never),
  },
  {
    name: "the tag of another frame",
    outcome: "rejected",
    make: (sample, other) =>
      other.wire === sample.wire ? withPart(sample, "tag", () => valueAt(other, "tag")) : undefined,
  },
  {
    name: "a longer head before the tag",
    // On wire 1 the head of the tag is not signed, so that this frame is valid.
    outcome: "compared",
    make: (sample) =>
      withPart(sample, "tag", (value) =>
        Buffer.concat([Buffer.of(value[0]! + 1, 0, value[1]!), value.subarray(2)]),
      ),
  },
  {
    name: "a longer head before the tag's key",
    outcome: "compared",
    make: ofParts(1, (parts) => [
      ...parts.slice(0, 3),
      {
        key: Buffer.concat([Buffer.of(0xd9, 9), parts[3]!.key.subarray(1)]),
        value: parts[3]!.value,
      },
    ]),
  },
];
