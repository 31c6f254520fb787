import { describe, expect, expectTypeOf, it } from "vitest";
import * as classic from "zod";
import * as z from "zod/mini";
import * as lacre from "../../src/index.js";
import {
  bytes,
  ChatMessage,
  defineMessage,
  MessageProtocol,
  ValidationError,
} from "../../src/index.js";
import { compile as compiled } from "../../src/messages/compile.eval.js";
import { examine } from "../../src/messages/wire-schema.js";
import { NOW, wires } from "../support/examples.js";
import { counting } from "../support/hex.js";
import { chat, key } from "./fixture.js";

const isoDate = () =>
  z.codec(z.iso.datetime(), z.date(), {
    decode: (text) => new Date(text),
    encode: (date) => date.toISOString(),
  });

const doubled = () =>
  z.codec(z.int().check(z.maximum(10)), z.int(), {
    decode: (value) => value * 2,
    encode: (value) => value / 2,
  });

const Appointment = defineMessage(
  "appointment",
  z.object({
    at: isoDate(),
    ends: z.optional(isoDate()),
    guests: z.array(z.object({ since: isoDate() })),
    places: z._default(z.int(), 4),
    original: z.optional(ChatMessage.schema),
  }),
);

describe("a schema with codecs", () => {
  const value = {
    at: new Date(NOW * 1000),
    guests: [{ since: new Date(0) }],
    places: 2,
    original: chat,
  };

  it.each(wires)(
    "is encoded by the sender and decoded once by the receiver, on wire %i",
    (wire) => {
      const sent = Appointment.toProtocol(value, key, { wire, timestamp: NOW });
      const opened = MessageProtocol.open(sent.toBytes(), { key, now: NOW });
      expect(opened.payload).toMatchObject({
        at: new Date(NOW * 1000).toISOString(),
        guests: [{ since: "1970-01-01T00:00:00.000Z" }],
      });
      expect(Appointment.fromProtocol(opened)).toEqual(value);
      const Doubled = defineMessage("doubled", z.object({ a: doubled() }));
      const twelve = Doubled.toProtocol({ a: 12 }, key, { wire });
      expect(twelve.payload).toEqual({ a: 6 });
      expect(Doubled.fromProtocol(twelve)).toEqual({ a: 12 });
    },
  );

  it("is decoded alike in compiled form", () => {
    const check = compiled(Appointment.schema);
    const { payload } = Appointment.toProtocol(value, key);
    expect(check(payload)).toEqual(value);
    expect(check({ ...payload, at: "yesterday" })).toBeUndefined();
  });

  it("sends the default of an absent field", () => {
    const { at, guests } = value;
    expect(Appointment.toProtocol({ at, guests }, key).payload.places).toBe(4);
    expectTypeOf(Appointment.toProtocol).parameter(0).toHaveProperty("places");
    expectTypeOf<{ at: Date; guests: { since: Date }[] }>().toExtend<
      Parameters<typeof Appointment.toProtocol>[0]
    >();
  });

  it("rejects a value that it cannot encode, and names the field", () => {
    const rejected = (changes: object) => () =>
      Appointment.toProtocol({ ...value, ...changes } as typeof value, key);
    expect(rejected({ at: "2027-01-15T08:00:00Z" })).toThrow(
      "appointment: at: must be of type date",
    );
    expect(rejected({ guests: [{}] })).toThrow("guests.0.since: is missing");
    expect(rejected({ original: { ...chat, chat_id: 0 } })).toThrow("original.chat_id: must be");
    const Doubled = defineMessage("doubled", z.object({ a: doubled() }));
    // The receiver's bound is checked by the sender, on the value that is sent.
    expect(() => Doubled.toProtocol({ a: 22 }, key)).toThrow("a: must be at most 10");
    expect(Doubled.safeParse({ a: 11 }).success).toBe(false);
    for (const bad of [null, undefined, "text", []])
      expect(() => Appointment.toProtocol(bad as never, key)).toThrow(ValidationError);
  });

  it("removes unknown fields, and keeps the caller's bytes unchanged", () => {
    const content = counting(4);
    const given = { ...value, original: { ...chat, content }, secret: "hunter2" };
    const { payload } = Appointment.toProtocol(given, key, { wire: 2 });
    content.fill(0);
    expect(payload).not.toHaveProperty("secret");
    expect(payload.original).toMatchObject({ content: counting(4) });
  });

  it("can have pipes after a codec, and parts that only one side has", () => {
    const utf8 = z.codec(bytes({ max: 9 }), z.string(), {
      decode: (value) => new TextDecoder().decode(value),
      encode: (text) => new TextEncoder().encode(text),
    });
    const Piped = defineMessage(
      "piped",
      z.object({ at: z.pipe(isoDate(), z.date()), text: z.pipe(utf8, z.string()) }),
    );
    const value = { at: new Date(0), text: "año" };
    for (const wire of wires) {
      const frame = Piped.toProtocol(value, key, { wire, timestamp: NOW }).toBytes();
      const opened = MessageProtocol.open(frame, { key, now: NOW });
      expect(Piped.fromProtocol(opened)).toEqual(value);
    }
  });

  it("leaves a timestamp with a codec of numbers to the receiver", () => {
    const milliseconds = z.codec(z.number(), z.number(), {
      decode: (seconds) => seconds * 1000,
      encode: (time) => time / 1000,
    });
    const Timed = defineMessage("timed", z.object({ timestamp: z.optional(milliseconds) }));
    const sent = Timed.toProtocol({}, key, { timestamp: NOW });
    expect(sent.payload).toEqual({});
    expect(Timed.fromProtocol(sent)).toEqual({ timestamp: NOW * 1000 });
  });

  it("can have a codec for the timestamp, which the receiver sets from the frame", () => {
    const time = z.codec(z.number(), z.date(), {
      decode: (seconds) => new Date(seconds * 1000),
      encode: (date) => date.getTime() / 1000,
    });
    const Timed = defineMessage("timed", z.object({ timestamp: z.optional(time) }));
    const sent = Timed.toProtocol({}, key, { timestamp: NOW });
    expect(Timed.fromProtocol(sent)).toEqual({ timestamp: new Date(NOW * 1000) });
  });
});

describe("an optional timestamp", () => {
  it("with a lower bound is set to the frame's time", () => {
    const Bound = defineMessage(
      "bound",
      classic.object({ timestamp: classic.number().positive().optional() }),
    );
    expect(Bound.toProtocol({}, key, { timestamp: NOW }).payload).toEqual({ timestamp: NOW });
  });
});

describe("an optional timestamp that is no number", () => {
  it("is left absent", () => {
    const Text = defineMessage("text", z.object({ timestamp: z.optional(z.string()) }));
    const sent = Text.toProtocol({}, key, { timestamp: NOW });
    expect(sent.payload).toEqual({});
    expect(Text.fromProtocol(sent)).toEqual({});
  });
});

const NUMBERS = z.array(z.int());

it("finds nothing in the schemas of the protocol's messages, which are not examined at their import", () => {
  const definitions = Object.values(lacre as Record<string, unknown>).filter(
    (one): one is typeof ChatMessage => one?.constructor === ChatMessage.constructor,
  );
  expect(definitions.length).toBeGreaterThan(10);
  for (const { schema } of definitions)
    expect(examine(schema)).toEqual({ issues: [], hasCodec: false });
});

describe("a definition", () => {
  const cases: [string, unknown][] = [
    [
      "a: is a one-way transform",
      z.object({
        a: z.pipe(
          z.int(),
          z.transform((n) => n * 2),
        ),
      }),
    ],
    [
      "a.b: is a one-way transform",
      classic.object({
        a: classic.array(classic.object({ b: classic.string().transform(Number) })),
      }),
    ],
    ["is a one-way transform", classic.preprocess((value) => value, classic.object({}))],
    [
      "a: is a one-way transform",
      classic.object({
        a: classic.union([classic.int(), classic.preprocess(Number, classic.int())]),
      }),
    ],
    [
      "a: wire 1 carries bytes as base64 text: use bytes() of lacre",
      z.object({ a: z.instanceof(Uint8Array) }),
    ],
    ["a: wire 1 carries bytes", classic.object({ a: classic.instanceof(Uint8Array).optional() })],
    ["a: a frame cannot carry a URL", z.object({ a: z.instanceof(URL) })],
    ["a: a frame cannot carry a date: use z.codec()", z.object({ a: z.nullable(z.date()) })],
    ["a: a frame cannot carry a bigint", z.object({ a: z.record(z.string(), z.bigint()) })],
    [
      "a: is a one-way transform",
      classic.object({
        a: classic.codec(classic.string(), classic.string().transform(Number), {
          decode: (text) => text,
          encode: (text) => `${text}`,
        }),
      }),
    ],
    ["a: a frame cannot carry a bigint", z.object({ a: z.literal(5n) })],
    ["a: a frame cannot carry a map", z.object({ a: z.map(z.string(), z.int()) })],
    ["a: a frame cannot carry a set", z.object({ a: z.tuple([z.int(), z.set(z.int())]) })],
    [
      "a: a frame cannot carry a date",
      z.object({ a: z.codec(z.date(), z.int(), { decode: Number, encode: (n) => new Date(n) }) }),
    ],
    ["must be a schema of a plain object", z.array(z.int())],
    ["must be a schema of a plain object", z.string()],
    ["must be a schema of a plain object", bytes({ max: 9 })],
    ["must be a schema of a plain object", z.union([z.object({ a: z.string() }), z.string()])],
    [
      "must be a schema of a plain object",
      z.union([z.object({ a: z.nullable(NUMBERS) }), NUMBERS]),
    ],
    ["is not a schema of zod 4", {}],
    ["is not a schema of zod 4", undefined],
    ["is not a schema of zod 4", { _def: { typeName: "ZodObject" }, parse: () => ({}) }],
  ];
  it.each(cases)("is rejected if its schema cannot be sent: %s", (message, schema) => {
    const define = () => defineMessage("own", schema as z.ZodMiniObject);
    expect(define).toThrow(ValidationError);
    expect(define).toThrow(`schema of own: ${message}`);
  });

  it.each(["", "a".repeat(65), "\ud800", 7, undefined, {}])(
    "is rejected with the type %j",
    (type) => {
      expect(() => defineMessage(type as string, z.object({}))).toThrow(
        "message definition: type: must be",
      );
      expect(() => defineMessage("a", z.object({}), { aliases: [type as string] })).toThrow(
        ValidationError,
      );
    },
  );

  it("may refer to a schema that is created later, which is examined at the first use", () => {
    const Early = defineMessage(
      "early",
      z.object({
        get later(): z.ZodMiniType {
          return Later;
        },
      }),
    );
    const Later = z.object({
      a: z.pipe(
        z.int(),
        z.transform((n) => n * 2),
      ),
    });
    expect(() => Early.parse({ later: {} })).toThrow(
      "schema of early: later.a: is a one-way transform",
    );
  });

  it("takes maps as payloads", () => {
    const schemas = [
      classic.record(classic.string(), classic.number()),
      classic.object({ a: classic.number() }).catchall(classic.number()),
      classic.union([
        classic.object({ a: classic.number() }),
        classic.record(classic.string(), classic.number()),
      ]),
      classic
        .object({
          a: classic.number(),
          b: classic.templateLiteral(["n", classic.bigint()]).optional(),
        })
        .readonly(),
    ] as const;
    for (const schema of schemas) {
      const Counts = defineMessage("counts", schema);
      expect(Counts.fromProtocol(Counts.toProtocol({ a: 1 }, key))).toEqual({ a: 1 });
    }
  });

  it("does not run a default, and reports a part that throws as a ValidationError", () => {
    const boom = () => {
      throw new Error("boom");
    };
    const WithDefault = defineMessage(
      "default",
      classic.object({ a: classic.string().default(boom) }),
    );
    expect(WithDefault.safeParse({ a: "x" }).success).toBe(true);
    const Lazy = defineMessage("lazy", classic.object({ a: classic.lazy(boom) }));
    expect(() => Lazy.toProtocol({ a: 1 } as never, key)).toThrow(ValidationError);
    expect(Lazy.safeParse({ a: 1 }).success).toBe(false);
  });

  it("takes all that both wires carry", () => {
    const All = defineMessage(
      "all",
      classic.object({
        json: classic.json(),
        choice: classic.discriminatedUnion("kind", [
          classic.object({ kind: classic.literal("a") }),
          classic.object({ kind: classic.enum(["b", "c"]) }),
        ]),
        text: classic.string().trim().min(1),
        flag: classic.stringbool(),
        any: classic.any(),
        own: classic.custom<number>((value) => value === 7),
        both: classic.intersection(
          classic.object({ x: classic.int() }),
          classic.object({ y: classic.coerce.number() }),
        ),
      }),
    );
    const value = {
      json: [{ a: null }],
      choice: { kind: "b" as const },
      text: " x ",
      flag: true,
      any: [1],
      own: 7,
      both: { x: 1, y: 2 },
    };
    const sent = All.toProtocol(value, key);
    expect(All.fromProtocol(sent)).toEqual({ ...value, text: "x" });
  });
});
