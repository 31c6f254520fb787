import { describe, expect, expectTypeOf, it } from "vitest";
import * as classic from "zod";
import * as z from "zod/mini";
import {
  Ack,
  AuthRequest,
  AuthResponse,
  ChatMessage,
  createRegistry,
  defineMessage,
  type ErrorResponse,
  jsonSchemaOverride,
  MessageProtocol,
  SigningKey,
  StatusEvent,
  ValidationError,
  type VerifiedMessage,
  Welcome,
} from "../../src/index.js";
import { NOW, wires } from "../support/examples.js";
import { counting, toHex } from "../support/hex.js";

const key = SigningKey.from("a secret that both ends share");
const Poll = defineMessage("poll", z.object({ question: z.string(), votes: z.optional(z.int()) }));

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

  it("sets an absent optional timestamp to the frame's time", () => {
    const Open = defineMessage("open", z.object({ timestamp: z.optional(z.number()) }));
    const Required = defineMessage("required", z.object({ timestamp: z.number() }));
    const Without = defineMessage("without", z.strictObject({ a: z.number() }));
    expect(Open.toProtocol({}, key, { timestamp: NOW }).payload).toEqual({ timestamp: NOW });
    expect(Open.toProtocol({ timestamp: 5 }, key, { timestamp: NOW }).payload.timestamp).toBe(5);
    expect(() => Required.toProtocol({} as never, key)).toThrow("timestamp: is missing");
    expect(Without.fromProtocol(Without.toProtocol({ a: 1 }, key))).toEqual({ a: 1 });
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
    const forge = z.transform((_: Fields) => JSON.parse('{ "__proto__": null }') as Fields);
    const fields = z.object({ a: z.optional(z.number()) });
    const Forged = defineMessage("forged", z.pipe(fields, forge), { nil: ["a"] });
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
        piped: z.pipe(
          option,
          z.transform(({ x }) => x ?? "none"),
        ),
      }),
    );
    const a = { kind: "a", x: null };
    const input = {
      one: a,
      two: { kind: "c", y: null },
      record: { k: a },
      tuple: [a],
      both: { kind: "a", x: null, z: null },
      piped: a,
    };
    const found = { kind: "a" };
    expect(Kinds.parse(input)).toEqual({
      one: found,
      two: { kind: "c" },
      record: { k: found },
      tuple: [found],
      both: found,
      piped: "none",
    });
    expect(Kinds.parse({ ...input, one: { kind: "b", x: null } }).one).toEqual({
      kind: "b",
      x: null,
    });
    expect(Kinds.safeParse({ ...input, one: { kind: "b" } }).success).toBe(false);
  });

  it("removes no nil from other values", () => {
    const inside = z.refine(() => false, { path: ["a", "b"], error: "must be otherwise" });
    const a = z.optional(z.nullable(z.object({ b: z.int() })));
    const Checked = defineMessage("checked", z.object({ a }).check(inside));
    for (const input of [{}, { a: null }])
      expect(() => Checked.parse(input)).toThrow("checked: a.b: must be otherwise");
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

  it("treats a nil in a list as an element, and reports its path", () => {
    const Lists = defineMessage(
      "lists",
      z.object({
        items: z.array(z.int()),
        pair: z.tuple([z.int(), z.optional(z.object({ x: z.optional(z.int()) }))]),
      }),
    );
    const places = (input: unknown) => {
      const result = Lists.safeParse(input);
      return result.success ? [] : result.error.issues.map(({ path }) => path.join("."));
    };
    expect(places({ items: [1, null], pair: [null] })).toEqual(["items.1", "pair.0"]);
    expect(places({ items: [null], pair: [1, { x: null }] })).toEqual(["items.0"]);
    expect(places({ items: null, pair: [1, null] })).toEqual(["items", "pair.1"]);
  });

  it("keeps a value that is not a map when it drops a nil beside it", () => {
    const Event = defineMessage(
      "event",
      z.object({
        when: z.pipe(
          z.date(),
          z.transform((date) => date.getTime()),
        ),
        note: z.optional(z.string()),
      }),
    );
    expect(Event.parse({ when: new Date(5000), note: null })).toEqual({ when: 5000 });
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
          z.pipe(
            z.any(),
            z.transform((value) => value.length),
          ),
        ),
      }),
    );
    expect(Throwing.parse({ a: "abc" })).toEqual({ a: 3 });
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

  it("keeps the error of a schema's code only with keepCause", () => {
    const schema = z.object({
      password: z.pipe(
        z.string(),
        z.transform((text) => JSON.parse(text)),
      ),
    });
    const [quiet, telling] = [false, true].map((keepCause) =>
      defineMessage("login", schema, { keepCause }).safeParse({ password: "hunter2" }),
    );
    expect(!quiet!.success && `${quiet!.error.stack}`).not.toContain("hunter2");
    expect(!quiet!.success && quiet!.error).not.toHaveProperty("cause");
    expect(!telling!.success && telling!.error.cause).toBeInstanceOf(SyntaxError);
    expect(defineMessage("login", schema).safeParse({ password: "hunter2" })).toEqual(quiet);
  });

  it("does not name unknown fields, and adds no line breaks to a log", () => {
    const Strict = defineMessage("strict", z.strictObject({ a: z.record(z.string(), z.int()) }));
    const result = Strict.safeParse({ a: { "x\n[INFO] forged": "y" }, "hunter2\n": 1 });
    expect(!result.success && result.error.message).not.toMatch(/\n|hunter2/);
    const long = Strict.safeParse({ a: { ["x".repeat(100_000)]: "y" } });
    expect(!long.success && long.error.message.length).toBeLessThan(300);
  });

  it("reports issues in English in any locale", () => {
    classic.config(classic.locales.es());
    try {
      const result = Poll.safeParse({ question: 7 });
      expect(!result.success && result.error.message).toBe(
        "poll: question: must be of type string",
      );
    } finally {
      classic.config(classic.locales.en());
    }
  });
});

describe("the messages of issues", () => {
  const { object } = z;
  it.each([
    [object({ a: z.string() }), {}, "a: is missing"],
    [object({ a: z.string() }), { a: 7 }, "a: must be of type string"],
    [object({ a: z.enum(["x", "y"]) }), { a: "z" }, "a: must be x or y"],
    [object({ a: z.int().check(z.gte(3)) }), { a: 2 }, "a: must be at least 3"],
    [object({ a: z.number().check(z.lt(3)) }), { a: 3 }, "a: must be less than 3"],
    [object({ a: z.number().check(z.gt(3)) }), { a: 3 }, "a: must be more than 3"],
    [
      object({ a: z.string().check(z.minLength(2)) }),
      { a: "" },
      "a: must have a length of at least 2",
    ],
    [
      object({ a: z.array(z.int()).check(z.maxLength(1)) }),
      { a: [1, 2] },
      "a: must have a length of at most 1",
    ],
    [object({ a: z.number().check(z.multipleOf(5)) }), { a: 3 }, "a: must be a multiple of 5"],
    [object({ a: z.string().check(z.regex(/^b+$/)) }), { a: "c" }, "a: must match /^b+$/"],
    [object({ a: z.email() }), { a: "c" }, "a: must match email"],
    [z.strictObject({}), { "<b>": 1 }, "has unknown fields"],
    [object({ a: z.union([z.string(), z.int()]) }), { a: null }, "a: is not valid"],
  ] as const)("%#", (schema, input, message) => {
    const result = defineMessage("note", schema as z.ZodMiniObject).safeParse(input);
    expect(!result.success && result.error.message).toBe(`note: ${message}`);
  });
});

describe("createRegistry", () => {
  const registry = () =>
    createRegistry([ChatMessage, StatusEvent, AuthRequest, AuthResponse, Poll]);
  const status = StatusEvent.toProtocol({ event_type: "read", user_id: 7, seq: 3 }, key, {
    timestamp: NOW,
  });

  it("parses messages by their type", () => {
    const parsed = registry().parse(status);
    expect(parsed.type === "status" && parsed.value.seq).toBe(3);
  });

  it("returns an unknown type without decoding its payload", () => {
    const future = new MessageProtocol({ type: "hologram", payload: { depth: 3 } });
    expect(registry().parse(future)).toEqual({ type: "unknown", message: future });
    expect(registry().safeParse(future).success).toBe(true);
    const inherited = new MessageProtocol({ type: "toString", payload: {} });
    expect(registry().parse(inherited).type).toBe("unknown");
  });

  it("rejects an invalid payload of a known type", () => {
    const bad = new MessageProtocol({ type: "status", payload: { event_type: "read" } });
    expect(() => registry().parse(bad)).toThrow(ValidationError);
    const result = registry().safeParse(bad);
    expect(!result.success && result.error).toBeInstanceOf(ValidationError);
  });

  it("rejects a malformed payload that was not scanned before", () => {
    const frame = StatusEvent.toProtocol({ event_type: "read", user_id: 7 }, key, {
      wire: 2,
      timestamp: NOW,
    }).toBytes();
    frame[41] = 0xc1;
    const result = registry().safeParse(MessageProtocol.fromBytes(frame));
    expect(!result.success && result.error.code).toBe("ERR_MALFORMED");
  });

  it("prefers a definition to an alias", () => {
    const login = AuthRequest.toProtocol({ username: "ana", password: "secreto" });
    expect(registry().parse(login).type).toBe("auth");
    const answer = new MessageProtocol({ type: "auth", payload: { success: true } });
    expect(createRegistry([AuthResponse]).parse(answer).type).toBe("auth_response");
  });

  it("rejects two definitions of one type", () => {
    const registryError = (type: string, message: string) =>
      new ValidationError("registry", [{ path: [type], message }]);
    const first = defineMessage("a", z.object({}), { aliases: ["x"] });
    const second = defineMessage("b", z.object({}), { aliases: ["x"] });
    const unknown = defineMessage("unknown", z.object({}));
    const again = defineMessage("poll", z.object({}));
    expect(() => createRegistry([Poll, again])).toThrow(
      registryError("poll", "has two definitions"),
    );
    expect(() => createRegistry([unknown])).toThrow(
      registryError("unknown", "is reserved for types without a definition"),
    );
    expect(() => createRegistry([first, second])).toThrow(
      registryError("x", "is the alias of two definitions"),
    );
  });

  it("throws errors of the program", () => {
    expect(() => registry().safeParse(undefined as never)).toThrow(TypeError);
  });

  it("infers the types of values", () => {
    const opened = MessageProtocol.open(status.toBytes(), { key, now: NOW });
    const parsed = registry().parse(opened);
    expectTypeOf(parsed.message).toEqualTypeOf<VerifiedMessage>();
    if (parsed.type === "message") expectTypeOf(parsed.value).toEqualTypeOf<ChatMessage>();
    if (parsed.type === "poll")
      expectTypeOf(parsed.value).toEqualTypeOf<{ question: string; votes?: number | undefined }>();
    if (parsed.type === "unknown")
      expectTypeOf(parsed).toEqualTypeOf<{
        readonly type: "unknown";
        readonly message: VerifiedMessage;
      }>();
    expectTypeOf(parsed.type).toEqualTypeOf<
      "message" | "status" | "auth" | "auth_response" | "poll" | "unknown"
    >();
  });
});

describe("types", () => {
  it("are inferred from the schemas", () => {
    expectTypeOf<ChatMessage>().toEqualTypeOf<{
      chat_id: number;
      sender_id: number;
      content: Uint8Array;
      nonce: Uint8Array;
      timestamp: number;
      message_id?: number | undefined;
      client_id?: string | undefined;
      seq?: number | undefined;
      epoch?: number | undefined;
      counter?: number | undefined;
      device?: string | undefined;
      stored_at?: number | undefined;
    }>();
    expectTypeOf<ErrorResponse["details"]>().toEqualTypeOf<Record<string, unknown> | undefined>();
    expectTypeOf<StatusEvent["event_type"]>().toEqualTypeOf<
      "typing" | "read" | "user_online" | "user_offline" | "delivered" | "chat_changed"
    >();
  });

  it("allow an absent timestamp and base64 text as input", () => {
    const message = ChatMessage.toProtocol({
      chat_id: 1,
      sender_id: 2,
      content: "AAAA",
      nonce: counting(12),
    });
    expect(message.type).toBe("message");
    // @ts-expect-error a nonce is required
    expect(() => ChatMessage.toProtocol({ chat_id: 1, sender_id: 2, content: "AAAA" })).toThrow();
    // @ts-expect-error this field cannot be nil
    defineMessage("x", z.object({ a: z.optional(z.string()) }), { nil: ["b"] });
  });

  it("let a handler require a verified message", () => {
    const handle = (message: VerifiedMessage) => message.identity;
    const message = Poll.toProtocol({ question: "?" }, key, { timestamp: NOW });
    // @ts-expect-error fromBytes does not verify
    expect(() => handle(MessageProtocol.fromBytes(message.toBytes()))).not.toThrow();
    // @ts-expect-error a new message is not verified
    handle(message);
    expect(handle(MessageProtocol.open(message.toBytes(), { key, now: NOW }))).toHaveLength(32);
  });
});

describe("JSON Schema", () => {
  const options = { override: jsonSchemaOverride, unrepresentable: "any" } as const;
  it.each(["input", "output"] as const)(
    "of %s has bytes as base64 text, and no default time",
    (io) => {
      const schema = z.toJSONSchema(ChatMessage.schema, { ...options, io });
      expect(schema).not.toHaveProperty("additionalProperties");
      expect(schema.properties!.nonce).toEqual({
        type: "string",
        contentEncoding: "base64",
        minLength: 16,
        maxLength: 16,
      });
      expect(schema.properties!.timestamp).toMatchObject({ type: "number", minimum: 0 });
      expect(schema.properties!.timestamp).not.toHaveProperty("default");
      expect(schema.required).toEqual(
        expect.arrayContaining(["chat_id", "sender_id", "content", "nonce"]),
      );
      expect(schema.required!.includes("timestamp")).toBe(io === "output");
      expect(schema.required).not.toContain("client_id");
    },
  );

  const propertiesOf = ({ schema }: { schema: z.core.$ZodType }) =>
    z.toJSONSchema(schema, options).properties!;
  const time = { type: "number", minimum: 0, maximum: 8_640_000_000_000 };

  it("describes the JSON form, with limits", () => {
    const largest = Number.MAX_SAFE_INTEGER;
    expect(propertiesOf(ChatMessage)).toMatchObject({
      chat_id: { type: "integer", minimum: 1, maximum: largest },
      content: { type: "string", contentEncoding: "base64", minLength: 0, maxLength: 960_000 },
      timestamp: { ...time, description: "Unix time in seconds; by default now" },
      client_id: { type: "string", format: "uuid", pattern: expect.stringContaining("[0-9a-f]") },
      epoch: { type: "integer", minimum: 0, maximum: largest },
      device: { type: "string", minLength: 1, maxLength: 100 },
    });
    expect(propertiesOf(ChatMessage).device).not.toHaveProperty("pattern");
    expect(propertiesOf(AuthRequest).username).toEqual({
      type: "string",
      minLength: 3,
      maxLength: 50,
      pattern: "^(?=[_-]*[\\p{L}\\p{N}])(?:[lL]·|\\p{L}[\\p{Mn}\\p{Mc}]{0,6}|[\\p{N}_-])+$",
    });
    expect(propertiesOf(Ack).stored_at).toEqual({ ...time, description: "Unix time in seconds" });
    expect(propertiesOf(Welcome)).toMatchObject({
      heartbeat: { type: "number", exclusiveMinimum: 0 },
      limits: { type: "object", additionalProperties: { type: "number" } },
    });
  });

  it("describes fields with added checks, and keeps a schema's own rules", () => {
    const { nonce } = ChatMessage.schema.shape;
    const checked = nonce.check(z.refine(() => true)).check(z.refine(() => true));
    const schema = z.strictObject({ checked, text: z.string() });
    expect(z.toJSONSchema(schema, { ...options, io: "input" })).toMatchObject({
      additionalProperties: false,
      properties: {
        checked: { type: "string", contentEncoding: "base64", minLength: 16, maxLength: 16 },
        text: { type: "string" },
      },
    });
  });

  it("is the same for a classic zod schema that contains the library's", () => {
    const schema = classic.toJSONSchema(classic.object({ message: ChatMessage.schema }), options);
    expect(JSON.stringify(schema)).toContain('"contentEncoding":"base64"');
  });
});
