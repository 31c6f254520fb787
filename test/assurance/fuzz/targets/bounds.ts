import * as z from "zod/mini";
import { concat } from "../../../../src/bytes.js";
import { defineMessage, MessageProtocol } from "../../../../src/index.js";
import { rawFloat64, rawText, rawWire2 } from "../../../../src/testing/raw.js";
import { written } from "../../../../src/wire/encode.js";
import { everyMessage } from "../../../support/examples.js";
import { KEY, NOW } from "../seeds.js";
import { type FuzzTarget, shapeOf } from "../target.js";

const texts = z.array(z.string().check(z.minLength(1)));
const option = (kind: string) => z.object({ kind: z.literal(kind), x: z.optional(z.string()) });

/** Definitions such as those of applications, with each kind of schema that contains others. */
const applications = {
  texts,
  maps: z.array(z.object({ a: texts, b: z.optional(z.string()), c: z.number() })),
  checked: z.array(z.number().check(z.gt(5), z.gt(6), z.gt(7))),
  strict: z.array(z.strictObject({ a: z.optional(z.string()) })),
  loose: z.array(z.looseObject({ a: z.optional(z.string()) })),
  records: z.array(z.record(z.string(), z.optional(z.number()))),
  record: z.record(z.string(), z.object({ x: z.optional(z.string()) })),
  unions: z.array(z.union([option("a"), option("b")])),
};

interface Subject {
  readonly definition: { readonly type: string; fromProtocol(message: MessageProtocol): unknown };
  readonly value: Readonly<Record<string, unknown>>;
}

const subjects: readonly Subject[] = [
  ...Object.values(everyMessage).map(({ definition, value }) => ({
    definition: definition as unknown as Subject["definition"],
    value: value as Subject["value"],
  })),
  ...Object.entries(applications).map(([type, items]) => ({
    definition: defineMessage(type, z.object({ items })),
    value: { items: [] },
  })),
];

const MAX_PAYLOAD_BYTES = 1_000_000;
const MAX_REPEATS = 65_000;

/** Encodes an array, or a map with different keys, that contains one value many times. */
function repeated(value: Uint8Array, count: number, isMap: boolean): Uint8Array {
  const head = Uint8Array.of(isMap ? 0xde : 0xdc, count >> 8, count & 0xff);
  const entries = isMap
    ? Buffer.concat(
        Array.from({ length: count }, (_, at) => concat(rawText(at.toString(36)), value)),
      )
    : Buffer.alloc(count * value.length, value);
  return concat(head, entries);
}

interface Recipe {
  readonly input: Uint8Array;
  readonly subject: Subject;
  readonly payload: Uint8Array;
}

let last: Recipe | undefined;

/** Payload of the last input, as both `run` and `sizeOf` need it. */
function payloadOf(input: Uint8Array): Recipe {
  if (last?.input !== input) last = made(input);
  return last;
}

/**
 * Builds a payload that is valid except for one field, which contains the end of the input 1 to 65,000 times. The first
 * bytes of the input select the definition, the field, the number, and whether the field is a list or a map.
 */
function made(input: Uint8Array): Recipe {
  const [whose = 0, which = 0, times = 0] = input;
  const subject = subjects[whose % subjects.length]!;
  const names = Object.keys(subject.value);
  const repeatedName = names[which % names.length]!;
  const value = input.length > 3 ? input.subarray(3) : Uint8Array.of(0x80);
  const most = Math.min(MAX_REPEATS, Math.floor(MAX_PAYLOAD_BYTES / (value.length + 5)));
  const count = Math.min(most, Math.floor(2 ** ((times & 0x7f) / 7.9)));
  const entries = names.map((name) => {
    if (name === repeatedName) return concat(rawText(name), repeated(value, count, times > 0x7f));
    return written((writer) => writer.payload({ [name]: subject.value[name] }, "bin")).subarray(1);
  });
  return { input, subject, payload: concat(Uint8Array.of(0x80 | names.length), ...entries) };
}

/** Values that are expensive for their size: nil, empty lists and maps, nil in optional fields, keys that are array indices. */
const COSTLY = [
  [0xa0],
  [0x00],
  [0xc0],
  [0x80],
  [0x90],
  [0x81, 0xa1, 0x78, 0xc0],
  [0x81, 0xa4, 0x31, 0x30, 0x32, 0x33, 0x01],
  [0x82, 0xaa, ...Buffer.from("message_id"), 0xc0, 0xa4, 0x31, 0x30, 0x32, 0x33, 0xc0],
];

export const boundsTargets: readonly FuzzTarget[] = [
  {
    name: "every definition, validly signed and large",
    weight: 1,
    seeds: subjects.flatMap(({ value }, whose) =>
      Object.keys(value).flatMap((name, which) => {
        const isMap = name === "details" || name === "limits" || whose % 8 === 7;
        if (!isMap && !Array.isArray(value[name])) return [];
        const costly = [0, 2, 4, 6].map(
          (first) => COSTLY[(first + whose + which) % COSTLY.length]!,
        );
        return costly.map((bytes) => Uint8Array.of(whose, which, isMap ? 0xff : 0x7f, ...bytes));
      }),
    ),
    sizeOf: (input) => payloadOf(input).payload.length,
    run(input) {
      const { subject, payload } = payloadOf(input);
      const { definition } = subject;
      const fields = { type: rawText(definition.type), timestamp: rawFloat64(NOW), payload };
      const message = MessageProtocol.open(rawWire2(KEY, fields), { key: KEY, now: NOW });
      return shapeOf(definition.fromProtocol(message), 1);
    },
  },
];
