import { describe, expect, it } from "vitest";
import * as z from "zod";
import * as mini from "zod/mini";
import { bytes, defineMessage, ValidationError } from "../../src/index.js";
import { counting } from "../support/hex.js";
import { entries, isoDate } from "./codecs.js";
import { key } from "./fixture.js";

const at = new Date(0);

describe("an absent field of a schema with codecs is sent with its default:", () => {
  const fields = z.object({ at: isoDate(), n: z.int().default(7) });
  const other = z.object({ k: z.literal("b"), m: z.int().default(8) });
  const cases: [name: string, schema: z.ZodType, value: object, received: object][] = [
    ["a read-only object", fields.readonly(), { at }, { at, n: 7 }],
    ["a lazy object", z.lazy(() => fields), { at }, { at, n: 7 }],
    ["an intersection", z.intersection(other, fields), { at, k: "b" }, { at, n: 7, k: "b", m: 8 }],
    ["the first option of a union", z.union([fields, other]), { at }, { at, n: 7 }],
    ["the second option of a union", z.union([fields, other]), { k: "b" }, { k: "b", m: 8 }],
    [
      "an option of a discriminated union",
      z.discriminatedUnion("k", [fields.extend({ k: z.literal("a") }), other]),
      { k: "b" },
      { k: "b", m: 8 },
    ],
    [
      "a union in an intersection in a wrapper",
      z.intersection(z.union([other, fields]), z.object({ x: z.int().default(9) })).readonly(),
      { at },
      { at, n: 7, x: 9 },
    ],
    [
      "a prefault",
      z.object({ at: isoDate().prefault("1970-01-01T00:00:00Z") }).readonly(),
      {},
      { at },
    ],
    [
      "a codec of the whole",
      z.codec(z.object({ a: z.int() }), z.object({ b: z.int().default(7) }), {
        decode: ({ a }) => ({ b: a }),
        encode: ({ b = 0 }) => ({ a: b }),
      }),
      {},
      { b: 7 },
    ],
  ];
  it.each(cases)("%s", (_, schema, value, received) => {
    const Own = defineMessage("own", schema as z.ZodType<object, object>);
    expect(Own.fromProtocol(Own.toProtocol(value, key))).toEqual(received);
  });

  it("not for the options of a union that do not match", () => {
    const Own = defineMessage("own", z.union([fields, other]));
    expect(() => Own.toProtocol({ k: "c" } as never, key)).toThrow(ValidationError);
  });
});

it("keeps no bytes of the input in the output of a codec", () => {
  const Files = defineMessage("files", z.object({ files: entries(mini.any() as never) }));
  const Chunk = z.codec(z.object({ data: bytes({ max: 9 }) }), z.map(z.string(), z.any()), {
    decode: ({ data: part }) => new Map([["data", part]]),
    encode: (map) => ({ data: map.get("data") as Uint8Array }),
  });
  const Chunks = defineMessage("chunks", z.object({ chunks: z.array(Chunk) }));
  for (const read of [
    (given: Uint8Array) => Files.parse({ files: [["a", given]] }).files.get("a"),
    (given: Uint8Array) => Chunks.parse({ chunks: [{ data: given }] }).chunks[0]!.get("data"),
  ]) {
    const given = counting(4);
    const kept = read(given);
    given.fill(9);
    expect(kept).toEqual(counting(4));
  }
});
