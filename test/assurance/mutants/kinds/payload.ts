import { type InvalidPayload, invalidPayloads } from "../../../../src/testing/invalid-payloads.js";
import { type RawWire2Fields, rawWire1, rawWire2 } from "../../../../src/testing/raw.js";
import type { Random } from "../../../support/random.js";
import { type Node, readTree } from "../../support/reference-messagepack.js";
import { type MutantKind, text, valueAt, withPart } from "../kind.js";
import type { Sample } from "../samples.js";

/** Changes a payload. Returns undefined if the change does not apply to it. */
type Change = (payload: Uint8Array, random: Random) => Uint8Array | undefined;

function nodesOf(node: Node): Node[] {
  return [node, ...node.children.flatMap(nodesOf)];
}

/** Encodes one of the matching nodes in another way. */
function recoded(
  fits: (node: Node) => boolean,
  change: (bytes: Uint8Array, node: Node) => Uint8Array,
): Change {
  return (payload, random) => {
    const nodes = nodesOf(readTree(payload)!).filter(fits);
    if (nodes.length === 0) return undefined;
    const node = random.pick(nodes);
    const { start, end } = node;
    return Buffer.concat([
      payload.subarray(0, start),
      change(payload.subarray(start, end), node),
      payload.subarray(end),
    ]);
  };
}

/** Appends entries to the payload. */
function withEntries(count: number, entries: Uint8Array): Change {
  return (payload) => {
    const { children } = readTree(payload)!;
    const head = Buffer.of(0xde, 0, children.length / 2 + count);
    return Buffer.concat([head, payload.subarray(children[0]!.start), entries]);
  };
}

function withEntry(key: Uint8Array, value: Uint8Array): Change {
  return withEntries(1, Buffer.concat([key, value]));
}

/** Puts an invalid value in place of another, or the entries of an invalid map into the payload. */
function withFault(kind: InvalidPayload["kind"]): Change {
  const faults = invalidPayloads.filter((one) => one.kind === kind);
  return (valid, random) => {
    const { payload, value } = random.pick(faults);
    if (value === undefined) return payload;
    const isShortMap = value[0]! >> 4 === 8;
    const change =
      isShortMap && random.oneIn(2)
        ? withEntries(value[0]! & 15, value.subarray(1))
        : recoded(
            () => true,
            () => value,
          );
    return change(valid, random);
  };
}

function float(value: number, size: 4 | 8): Buffer {
  const bytes = Buffer.alloc(1 + size, size === 4 ? 0xca : 0xcb);
  if (size === 4) bytes.writeFloatBE(value, 1);
  else bytes.writeDoubleBE(value, 1);
  return bytes;
}

const isFixText = ({ kind, head }: Node) => kind === "text" && head < 0xc0;
const isFixMap = ({ kind, head }: Node) => kind === "map" && head <= 0x8f;
const withRest = (head: number[], bytes: Uint8Array, from: number) =>
  Buffer.concat([Buffer.from(head), bytes.subarray(from)]);
const nested = (depth: number) => Buffer.concat([Buffer.alloc(depth - 1, 0x91), Buffer.of(0x90)]);
const manyNils = (count: number) =>
  Buffer.concat([Buffer.of(0xdd, 0, count >> 16, count >> 8, count), Buffer.alloc(count, 0xc0)]);

/** Mutants that change the payload. Some of these payloads are valid. */
const changes: Readonly<Record<string, Change>> = {
  "an integer in a longer head": recoded(
    ({ kind, head }) => kind === "integer" && head <= 0x7f,
    (bytes) => Buffer.concat([Buffer.of(0xcd, 0), bytes]),
  ),
  "an integer of 64 bits": recoded(
    ({ kind, head }) => kind === "integer" && head <= 0x7f,
    (bytes) => Buffer.concat([Buffer.of(0xd3, 0, 0, 0, 0, 0, 0, 0), bytes]),
  ),
  "an integer as float64": recoded(
    ({ kind }) => kind === "integer",
    (_, { value }) => float(Number(value), 8),
  ),
  "a float64 as float32": recoded(
    ({ kind }) => kind === "float",
    (_, { value }) => float(Number(value), 4),
  ),
  "a text in a longer head": recoded(isFixText, (bytes, { head }) =>
    withRest([0xda, 0, head & 31], bytes, 1),
  ),
  "a text as bytes": recoded(isFixText, (bytes, { head }) => withRest([0xc4, head & 31], bytes, 1)),
  "a map in a longer head": recoded(isFixMap, (bytes, { head }) =>
    withRest([0xdf, 0, 0, 0, head & 15], bytes, 1),
  ),
  "a map with its entries in reverse": recoded(
    ({ kind, children }) => kind === "map" && children.length >= 4,
    (bytes, { start, children, head }) => {
      const pairs = Array.from({ length: children.length / 2 }, (_, at) =>
        bytes.subarray(children[2 * at]!.start - start, children[2 * at + 1]!.end - start),
      );
      return Buffer.concat([Buffer.of(head), ...pairs.reverse()]);
    },
  ),
  "another number": recoded(
    ({ kind, head }) => kind === "integer" && head <= 0x7f,
    (bytes) => Buffer.of(bytes[0]! ^ 1),
  ),
  "nil in place of another value": recoded(
    ({ start }) => start > 0,
    () => Buffer.of(0xc0),
  ),
  "a key twice": (payload, random) => {
    const keys = readTree(payload)!.children.filter((_, at) => at % 2 === 0);
    const { start, end } = random.pick(keys);
    return withEntry(payload.subarray(start, end), Buffer.of(0xc0))(payload, random);
  },
  "a key twice, once in a longer head": (payload, random) => {
    const keys = readTree(payload)!.children.filter((key, at) => at % 2 === 0 && isFixText(key));
    const { value } = random.pick(keys);
    const bytes = Buffer.from(value as string);
    return withEntry(Buffer.concat([Buffer.of(0xd9, bytes.length), bytes]), Buffer.of(0xc0))(
      payload,
      random,
    );
  },
  "an unknown key": withEntry(text("unknown"), text("value")),
  "14 containers in it": withEntry(text("deep"), nested(14)),
  "15 containers in it": withEntry(text("deep"), nested(15)),
  "65,500 elements": withEntry(text("many"), manyNils(65_500)),
  "65,536 elements": withEntry(text("many"), manyNils(65_536)),
  "bytes after its end": (payload) => Buffer.concat([payload, Buffer.of(0xc0)]),
};

function payloadOf(sample: Sample): Uint8Array {
  const value = valueAt(sample, "payload");
  return sample.wire === 1 ? value : value.subarray(value[0] === 0xc4 ? 2 : 3);
}

function inBin(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  const head =
    length <= 0xff
      ? [0xc4, length]
      : length <= 0xffff
        ? [0xc5, length >> 8, length]
        : [0xc6, 0, length >> 16, length >> 8, length];
  return Buffer.concat([Buffer.from(head), bytes]);
}

/** Returns the fields of a sample, of which a malicious holder of the key can sign others. */
export function fieldsOf(sample: Sample): RawWire2Fields {
  const type = valueAt(sample, "type");
  const timestamp = valueAt(sample, "timestamp");
  const fields = { type, timestamp, payload: payloadOf(sample) };
  return sample.wire === 1 ? fields : { ...fields, id: sample.parts[2]!.value };
}

function signedAgain(sample: Sample, payload: Uint8Array): Uint8Array {
  const fields = { ...fieldsOf(sample), payload };
  return (sample.wire === 1 ? rawWire1 : rawWire2)(sample.signedWith.key, fields);
}

function kindsOf(name: string, change: Change, outcome: MutantKind["outcome"]): MutantKind[] {
  const isLarge = name.includes("elements");
  return [
    {
      name: `${name}, in the payload`,
      outcome: "rejected",
      isLarge,
      make(sample, _, random) {
        const payload = change(payloadOf(sample), random);
        return (
          payload &&
          withPart(sample, "payload", () => (sample.wire === 1 ? payload : inBin(payload)))
        );
      },
    },
    {
      name: `${name}, in the payload, signed again`,
      outcome,
      isLarge,
      make(sample, _, random) {
        const payload = change(payloadOf(sample), random);
        return payload && signedAgain(sample, payload);
      },
    },
  ];
}

const faults = new Set(invalidPayloads.map(({ kind }) => kind));
// It is among the changes, with fewer elements too.
faults.delete("many elements");

export const payloadKinds: readonly MutantKind[] = [
  ...Object.entries(changes).flatMap(([name, change]) => kindsOf(name, change, "compared")),
  ...[...faults].flatMap((kind) => kindsOf(kind, withFault(kind), "rejected")),
];
