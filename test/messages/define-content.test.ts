import { describe, expect, it } from "vitest";
import * as classic from "zod";
import * as z from "zod/mini";
import { defineContent, id, LacreError } from "../../src/index.js";

const fields = z.object({ file_id: id() });
const fallback = "An image";
const define = (kind: unknown, schema: unknown, options: unknown = { fallback }) =>
  defineContent(kind as string, schema as typeof fields, options as { fallback: string });

describe("defineContent", () => {
  it("keeps kind and schema", () => {
    const Image = defineContent("image", fields, { fallback });
    expect([Image.kind, Image.schema]).toEqual(["image", fields]);
    expect(Object.isFrozen(Image)).toBe(true);
    expect(define("a".repeat(64), fields).kind).toHaveLength(64);
  });

  const named = "content definition";
  const cases: [message: string, call: () => unknown][] = [
    [`${named}: kind: must be well-formed text of 1 to 64`, () => define("", fields)],
    [`${named}: kind: must be well-formed text of 1 to 64`, () => define("a".repeat(65), fields)],
    [`${named}: kind: must be well-formed text of 1 to 64`, () => define("\ud800", fields)],
    [`${named}: kind: must be well-formed text of 1 to 64`, () => define(7, fields)],
    [`${named}: kind: "text" is reserved`, () => define("text", fields)],
    [`${named}: kind: "unknown" is reserved`, () => define("unknown", fields)],
    ["argument: options: must be an object", () => define("image", fields, null)],
    [`${named}: options.fallback: must be text, or a`, () => define("image", fields, {})],
    [
      `${named}: options.fallback: must be text, or a`,
      () => define("image", fields, { fallback: 1 }),
    ],
    ["schema of image: is not a schema of zod 4", () => define("image", {})],
    ["schema of image: must be a schema of a plain object", () => define("image", z.string())],
    [
      "schema of image: a: a frame cannot carry a date",
      () => define("image", z.object({ a: z.date() })),
    ],
    [
      "schema of image: a: is a one-way transform",
      () => define("image", classic.object({ a: classic.string().transform(Number) })),
    ],
  ];
  it.each(cases)("throws %s", (message, call) => {
    expect(call).toThrow(LacreError);
    expect(call).toThrow(message);
  });

  const inner = z.object({ kind: z.string() });
  const toInner = z.codec(fields, inner, {
    decode: () => ({ kind: "" }),
    encode: () => ({ file_id: 1 }),
  });
  it.each([
    ["kind", z.object({ kind: z.string() })],
    ["fallback", z.object({ fallback: z.optional(z.string()) })],
    ["kind", z.union([fields, z.object({ kind: z.literal("a") })])],
    ["kind", z.union([z.object({ inner }), inner])],
    ["fallback", z.intersection(fields, z.looseObject({ fallback: z.string() }))],
    ["kind", z.readonly(z.object({ kind: z.string() }))],
    ["kind", toInner],
  ] as const)("rejects a top-level field %s", (field, schema) => {
    expect(() => define("image", schema)).toThrow(`schema of image: ${field}: is reserved`);
  });

  it("accepts such a field inside another", () => {
    expect(define("image", z.object({ inner })).kind).toBe("image");
  });

  it("rejects values that are no plain objects for the application", () => {
    const url = z.codec(z.object({ url: z.string() }), z.instanceof(URL), {
      decode: ({ url }) => new URL(url),
      encode: ({ href }) => ({ url: href }),
    });
    const map = z.codec(z.record(z.string(), z.int()), z.map(z.string(), z.int()), {
      decode: (record) => new Map(Object.entries(record)),
      encode: (entries) => Object.fromEntries(entries),
    });
    for (const schema of [url, map])
      expect(() => define("image", schema)).toThrow("must be a schema of a plain object");
  });
});
