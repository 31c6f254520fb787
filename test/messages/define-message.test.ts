import { describe, expect, expectTypeOf, it } from "vitest";
import * as classic from "zod";
import * as z from "zod/mini";
import {
  AuthRequest,
  AuthResponse,
  ChatMessage,
  createRegistry,
  defineMessage,
  MessageProtocol,
  StatusEvent,
  ValidationError,
} from "../../src/index.js";
import { NOW, wires } from "../support/examples.js";
import { counting, toHex } from "../support/hex.js";
import { key, Poll } from "./fixture.js";

describe("a message of the application", () => {
  it.each(wires)("is encoded, opened and parsed on wire %i like the library's", (wire) => {
    const bytes = Poll.toProtocol({ question: "¿Vienes?" }, key, {
      wire,
      timestamp: NOW,
    }).toBytes();
    const opened = MessageProtocol.open(bytes, { key, now: NOW });
    expect(Poll.fromProtocol(opened)).toEqual({ question: "¿Vienes?" });
    expect(createRegistry([Poll]).parse(opened)).toEqual({
      type: "poll",
      value: { question: "¿Vienes?" },
      message: opened,
    });
  });

  it("sets an absent optional timestamp to the frame's time", () => {
    const Open = defineMessage("open", z.object({ timestamp: z.optional(z.number()) }));
    const Required = defineMessage("required", z.object({ timestamp: z.number() }));
    const Without = defineMessage("without", z.strictObject({ a: z.number() }));
    expect(Open.toProtocol({}, key, { timestamp: NOW }).payload).toEqual({ timestamp: NOW });
    expect(Open.toProtocol({ timestamp: 5 }, key, { timestamp: NOW }).payload.timestamp).toBe(5);
    expect(() => Required.toProtocol({} as never, key)).toThrow("timestamp: is missing");
    expect(Without.fromProtocol(Without.toProtocol({ a: 1 }, key))).toEqual({ a: 1 });
    const Nullable = defineMessage("nullable", z.object({ timestamp: z.nullish(z.number()) }));
    for (const timestamp of [null, 5]) {
      const sent = Nullable.toProtocol({ timestamp }, key);
      expect(Nullable.fromProtocol(sent)).toEqual({ timestamp });
    }
    expect(Nullable.fromProtocol(Nullable.toProtocol({}, key, { timestamp: NOW }))).toEqual({
      timestamp: NOW,
    });
    for (const bad of [null, undefined, "text"])
      expect(() => Open.toProtocol(bad as never, key)).toThrow(ValidationError);
  });

  it("keeps unknown fields of a loose schema, except `__proto__`", () => {
    const Loose = defineMessage("loose", z.looseObject({ a: z.optional(z.int()) }), { nil: ["a"] });
    const { payload } = Loose.toProtocol({ z: 1, y: undefined } as never);
    expect(Object.entries(payload)).toEqual([
      ["a", null],
      ["z", 1],
    ]);
    type Fields = { a?: number | undefined };
    const forge = z.codec(z.custom<Fields>(), z.looseObject({ a: z.optional(z.number()) }), {
      decode: (fields) => fields,
      encode: () => JSON.parse('{ "__proto__": null }') as Fields,
    });
    const Forged = defineMessage("forged", forge, { nil: ["a"] });
    expect(() => Forged.toProtocol({}, key)).toThrow("__proto__: is a forbidden key");
  });

  it("reads no field from an own key `__proto__`, which JSON can have", () => {
    const fields = { admin: z.optional(z.boolean()), n: z.optional(z.int()) };
    const timed = { ...fields, timestamp: z.optional(z.number()) };
    const json = '{ "__proto__": { "admin": true }, "n": null }';
    for (const schema of [z.object(fields), z.looseObject(fields), z.object(timed)]) {
      const Plain = defineMessage("plain", schema);
      const WithNil = defineMessage("with_nil", schema, { nil: ["n"] });
      const Nested = defineMessage("nested", z.object({ inner: schema }));
      const values = [
        Plain.parse(JSON.parse(json)),
        WithNil.parse(JSON.parse(json)),
        Nested.parse(JSON.parse(`{ "inner": ${json} }`)).inner,
      ];
      for (const value of values) expect((value as { admin?: boolean }).admin).toBeUndefined();
    }
    const forged = JSON.parse('{ "__proto__": { "admin": true } }');
    const Timed = defineMessage("timed", z.object(timed));
    expect(Timed.toProtocol(forged, key).payload).not.toHaveProperty("admin");
  });

  it("can be defined with classic zod, and contain the library's schemas", () => {
    const Forward = defineMessage(
      "forward",
      classic.object({
        by: classic.number().int().positive(),
        original: ChatMessage.schema,
        note: classic.string().optional(),
      }),
      { nil: ["note"] },
    );
    const original = {
      chat_id: 1,
      sender_id: 2,
      content: counting(3),
      nonce: counting(12),
      timestamp: NOW,
    };
    const message = Forward.toProtocol({ by: 7, original }, key, { timestamp: NOW });
    expect(message.payload.note).toBeNull();
    expect(Forward.fromProtocol(message)).toEqual({ by: 7, original });
    expectTypeOf(Forward.fromProtocol(message).original.content).toEqualTypeOf<Uint8Array>();
    const Sticker = defineMessage(
      "sticker",
      classic.object({ ...StatusEvent.schema.shape, name: classic.string() }),
    );
    expect(
      Sticker.parse({ event_type: "typing", user_id: 1, timestamp: NOW, name: "cat" }).name,
    ).toBe("cat");
  });

  it("can have nested bytes, times and maps", () => {
    const Album = defineMessage(
      "album",
      z.object({ at: z.object({ timestamp: z.number() }), data: z.array(z.custom<Uint8Array>()) }),
    );
    const message = Album.toProtocol({ at: { timestamp: NOW }, data: [counting(3)] }, key, {
      wire: 2,
    });
    expect(toHex(message.toBytes())).toContain("a974696d657374616d70cb41d954fc40000000");
    expect(Album.fromProtocol(message).data[0]).toEqual(counting(3));
  });

  it("rejects an invalid value before it is signed", () => {
    expect(() => Poll.toProtocol({ question: 7 } as never, key)).toThrow(ValidationError);
    expect(() => Poll.parse(undefined)).toThrow(ValidationError);
  });

  it("reports a value that is not a map", () => {
    for (const [input, message] of [
      [undefined, "is missing"],
      [null, "must be of type object"],
      ["text", "must be of type object"],
    ] as const)
      expect(() => AuthRequest.parse(input)).toThrow(`auth: ${message}`);
  });

  it("accepts other types only as aliases", () => {
    expect(Poll.aliases).toEqual([]);
    expect(AuthResponse.aliases).toEqual(["auth"]);
  });

  it("can have a recursive schema", () => {
    const Folder = z.object({
      name: z.string(),
      get inner() {
        return z.optional(z.array(Folder));
      },
    });
    const Tree = defineMessage("tree", Folder);
    expect(Tree.parse({ name: "a", inner: [{ name: "b", inner: null }] })).toEqual({
      name: "a",
      inner: [{ name: "b" }],
    });
  });

  it("throws a ValidationError if its schema throws or is asynchronous", () => {
    const Throwing = defineMessage(
      "throwing",
      z.object({
        a: z.optional(
          z.codec(z.any(), z.int(), {
            decode: (value) => value.length,
            encode: (length) => "a".repeat(length),
          }),
        ),
      }),
    );
    expect(Throwing.parse({ a: "abc" })).toEqual({ a: 3 });
    expect(() => Throwing.toProtocol({ a: -1 }, key)).toThrow(
      "throwing: cannot be checked against its schema",
    );
    const Slow = defineMessage(
      "slow",
      classic.object({ a: classic.string().refine(async () => true) }),
    );
    expect(() => Slow.parse({ a: "" })).toThrow(ValidationError);
    const slow = classic
      .any()
      .refine(async () => true)
      .optional();
    const Nil = defineMessage("nil", classic.object({ a: slow }), { nil: ["a"] });
    expect(Nil.parse({})).toEqual({});
    expect(() => Nil.parse({ a: null })).toThrow("nil: cannot be checked against its schema");
    const unchecked = Slow.safeParse({ a: "" });
    expect(!unchecked.success && unchecked.error.message).toBe(
      "slow: cannot be checked against its schema",
    );
  });
});
