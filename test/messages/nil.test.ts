import { describe, expect, it, vi } from "vitest";
import * as z from "zod/mini";
import { defineMessage } from "../../src/index.js";

describe("a message of the application with nil", () => {
  it("reads nil as absent unless its schema accepts nil, and drops unknown fields", () => {
    const Note = defineMessage(
      "note",
      z.object({
        a: z.optional(z.string()),
        b: z.optional(z.nullable(z.string())),
        c: z.nullable(z.string()),
      }),
    );
    expect(Note.parse({ a: null, b: null, c: null, d: 1 })).toEqual({ b: null, c: null });
  });

  it("keeps a nil that its schema accepts, also if wire 1 writes nil for an absent field", () => {
    const Note = defineMessage(
      "note",
      z.object({ a: z.optional(z.nullable(z.string())), b: z.optional(z.string()) }),
      { nil: ["a", "b"] },
    );
    expect(Note.toProtocol({}).payload).toEqual({ a: null, b: null });
    expect(Note.toProtocol({ a: undefined }).payload).toEqual({ a: null, b: null });
    expect(Note.parse({ a: null, b: null })).toEqual({ a: null });
  });

  it("reads nil as absent in schemas of every kind", () => {
    const option = z.object({ kind: z.literal("a"), x: z.optional(z.string()) });
    const other = z.object({ kind: z.literal("b"), x: z.nullable(z.string()) });
    const Kinds = defineMessage(
      "kinds",
      z.object({
        one: z.discriminatedUnion("kind", [option, other]),
        two: z.union([option, z.object({ kind: z.literal("c"), y: z.optional(z.int()) })]),
        record: z.record(z.string(), option),
        tuple: z.tuple([option]),
        both: z.intersection(option, z.object({ z: z.optional(z.int()) })),
        coded: z.codec(option, z.string(), {
          decode: ({ x }) => x ?? "none",
          encode: (x) => ({ kind: "a" as const, x }),
        }),
      }),
    );
    const a = { kind: "a", x: null };
    const input = {
      one: a,
      two: { kind: "c", y: null },
      record: { k: a },
      tuple: [a],
      both: { kind: "a", x: null, z: null },
      coded: a,
    };
    const found = { kind: "a" };
    expect(Kinds.parse(input)).toEqual({
      one: found,
      two: { kind: "c" },
      record: { k: found },
      tuple: [found],
      both: found,
      coded: "none",
    });
    expect(Kinds.parse({ ...input, one: { kind: "b", x: null } }).one).toEqual({
      kind: "b",
      x: null,
    });
    expect(Kinds.safeParse({ ...input, one: { kind: "b" } }).success).toBe(false);
  });

  it("reports an issue whose path leads into an absent or nil field", () => {
    const inside = z.refine(() => false, { path: ["a", "b"], error: "must be otherwise" });
    const a = z.optional(z.nullable(z.object({ b: z.int() })));
    const Checked = defineMessage("checked", z.object({ a }).check(inside));
    for (const input of [{}, { a: null }])
      expect(() => Checked.parse(input)).toThrow("checked: a.b: must be otherwise");
  });

  it("treats a nil in a list as an element, and reports its path", () => {
    const Lists = defineMessage(
      "lists",
      z.object({
        items: z.array(z.int()),
        pair: z.tuple([z.int(), z.optional(z.object({ x: z.optional(z.int()) }))]),
      }),
    );
    const issuePaths = (input: unknown) => {
      const result = Lists.safeParse(input);
      return result.success ? [] : result.error.issues.map(({ path }) => path.join("."));
    };
    expect(issuePaths({ items: [1, null], pair: [null] })).toEqual(["items.1", "pair.0"]);
    expect(issuePaths({ items: [null], pair: [1, { x: null }] })).toEqual(["items.0"]);
    expect(issuePaths({ items: null, pair: [1, null] })).toEqual(["items", "pair.1"]);
  });

  it("keeps a value that is not a map when it drops a nil beside it", () => {
    const Event = defineMessage(
      "event",
      z.object({
        when: z.custom<URL>((value) => value instanceof URL),
        note: z.optional(z.string()),
      }),
    );
    const when = new URL("https://example.org");
    expect(Event.parse({ when, note: null }).when).toBe(when);
  });
});

it("does not call the function of a default while it looks for nils", () => {
  const make = vi.fn(() => "made");
  const schema = z.object({ name: z._default(z.string(), make), size: z.optional(z.number()) });
  const definition = defineMessage("with_default", z.object({ item: schema }));
  make.mockClear();
  const item = { name: "given", size: null };
  expect(definition.parse({ item })).toEqual({ item: { name: "given" } });
  expect(make).not.toHaveBeenCalled();
});
