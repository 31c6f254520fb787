import { describe, expect, expectTypeOf, it } from "vitest";
import * as z from "zod/mini";
import {
  type BodyOptions,
  type ChatCipher,
  type ChatKey,
  type Content,
  chatCipher,
  decryptMessage,
  encryptMessage,
  type NewContent,
  type TextContent,
  type UnknownContent,
} from "../../src/e2e/index.js";
import {
  bytes,
  ChatMessage,
  type ContentDefinition,
  type ContentOf,
  DecryptError,
  defineContent,
  id,
  KeyError,
  MessageProtocol,
  SigningKey,
  timestamp,
  ValidationError,
} from "../../src/index.js";
import { wires } from "../support/examples.js";
import { counting, toHex } from "../support/hex.js";
import {
  decryptBody,
  encodeBody,
  encryptBody,
  expectDecryptError,
  header,
  hola,
  key,
} from "./fixture.js";

const Image = defineContent(
  "image",
  z.object({
    file_id: id(),
    width: z.int(),
    thumbnail: z.optional(bytes({ max: 100 })),
    alt: z.optional(z.string()),
  }),
  { fallback: (image) => image.alt ?? "An image" },
);
const Poll = defineContent(
  "poll",
  z.object({
    question: z.string(),
    options: z._default(z.array(z.string()), ["yes", "no"]),
    closes: z.optional(
      z.codec(z.number(), z.date(), {
        decode: (seconds) => new Date(seconds * 1000),
        encode: (date) => date.getTime() / 1000,
      }),
    ),
  }),
  { fallback: ({ question, options }) => `${question} ${options.join(", ")}` },
);
const contents = [Image, Poll];
const image = { kind: "image", file_id: 9, width: 640, thumbnail: counting(3) } as const;
const poll: ContentOf<typeof Poll> = {
  kind: "poll",
  question: "¿Vienes?",
  options: ["sí"],
  closes: new Date(5000),
};

/** Decrypts a body that any client may have produced. */
async function decoded<Definition extends ContentDefinition<string, never>>(
  map: Record<string, unknown>,
  options: BodyOptions<Definition> | object = { contents },
) {
  return decryptMessage(key, await encryptBody(encodeBody(map)), options);
}

describe("a content of the application's own kind", () => {
  it.each(wires)("is encrypted and decrypted, on wire %i", async (wire) => {
    const signing = SigningKey.from("a secret of alice and the server");
    for (const content of [image, poll, hola]) {
      const sent = await encryptMessage(key, { ...header, content } as never, { contents });
      const frame = ChatMessage.toProtocol(sent, signing, { wire }).toBytes();
      const received = ChatMessage.fromProtocol(MessageProtocol.open(frame, { key: signing }));
      expect(await decryptMessage(key, received, { contents })).toEqual(content);
    }
  });

  it("has the fields of its schema after kind and fallback, with bytes as bin", async () => {
    const sent = await encryptMessage(key, { ...header, content: image }, { contents });
    const { body } = (await decryptBody(sent))!;
    expect(toHex(body)).toBe(
      "85a46b696e64a5696d616765a866616c6c6261636ba8416e20696d616765" +
        "a766696c655f696409a57769647468cd0280a97468756d626e61696cc403000102",
    );
    const reordered = { thumbnail: counting(3), width: 640, unknown: 1, file_id: 9, kind: "image" };
    const again = await encryptMessage(
      key,
      { ...header, content: reordered as typeof image },
      { contents },
    );
    expect((await decryptBody(again))!.body).toEqual(body);
  });

  it("shows its fallback to readers without its definition", async () => {
    const fallbackOf = async (content: NewContent<typeof Image | typeof Poll>) =>
      decryptMessage(key, await encryptMessage(key, { ...header, content }, { contents }), {
        contents: [defineContent("another", z.object({}), { fallback: "" })],
      });
    const unknown = (fallback: string) => ({ kind: "unknown", fallback });
    expect(await fallbackOf(image)).toEqual(unknown("An image"));
    expect(await fallbackOf({ ...image, alt: "El mar" })).toEqual(unknown("El mar"));
    // The function gets the receiver's value, with defaults.
    expect(await fallbackOf({ kind: "poll", question: "?" })).toEqual(unknown("? yes, no"));
    const Sticker = defineContent("sticker", z.object({}), { fallback: "A sticker" });
    const sent = await encryptMessage(
      key,
      { ...header, content: { kind: "sticker" } },
      { contents: [Sticker] },
    );
    expect(await decryptMessage(key, sent)).toEqual(unknown("A sticker"));
  });

  it("may have unknown fields, nil for absent ones, and any fallback", async () => {
    const fields = { file_id: 1, width: 2, alt: null, depth: 3, fallback: 7 };
    expect(await decoded({ ...fields, kind: "image" })).toEqual({
      kind: "image",
      file_id: 1,
      width: 2,
    });
    expect(await decoded({ kind: "poll", question: "?" })).toEqual({
      kind: "poll",
      question: "?",
      options: ["yes", "no"],
    });
  });

  it.each([
    ["a missing field", { kind: "image", file_id: 1 }],
    ["nil for a required field", { kind: "image", file_id: null, width: 1 }],
    ["a field of another type", { kind: "image", file_id: "1", width: 1 }],
    ["a field beyond its bounds", { kind: "image", file_id: 0, width: 1 }],
    ["too many bytes", { kind: "image", file_id: 1, width: 1, thumbnail: counting(101) }],
    ["a value that its codec rejects", { kind: "poll", question: "", closes: 1e300 }],
  ])("is malformed with %s", async (_, map) => {
    await expect(decoded(map)).rejects.toStrictEqual(new DecryptError());
    expect(await decoded(map, {})).toEqual({ kind: "unknown", fallback: "" });
  });

  it("is malformed if its schema's code throws", async () => {
    const Throwing = defineContent(
      "throwing",
      z.object({
        a: z.codec(z.any(), z.int(), {
          decode: (value) => value.b.c,
          encode: () => ({ b: { c: 1 } }),
        }),
      }),
      { fallback: "" },
    );
    const options = { contents: [Throwing] };
    expect(await decoded({ kind: "throwing", a: { b: { c: 7 } } }, options)).toMatchObject({
      a: 7,
    });
    await expect(decoded({ kind: "throwing", a: 1 }, options)).rejects.toStrictEqual(
      new DecryptError(),
    );
  });

  it("has the message's time as timestamp() if it has none", async () => {
    const Event = defineContent("event", z.object({ timestamp: timestamp() }), {
      fallback: "An event",
    });
    const content = { kind: "event" } as const;
    const sent = await encryptMessage(key, { ...header, content }, { contents: [Event] });
    const event = { kind: "event", timestamp: header.timestamp };
    expect(await decryptMessage(key, sent, { contents: [Event] })).toEqual(event);
    expect(await decoded(content, { contents: [Event] })).toEqual(event);
    expect(await decoded({ ...content, timestamp: 5 }, { contents: [Event] })).toEqual({
      ...event,
      timestamp: 5,
    });
  });

  it("may have loose fields with any names", async () => {
    const Loose = defineContent("loose", z.looseObject({}), { fallback: "x" });
    const content = { kind: "loose", 7: [1], a: { kind: "b", fallback: "c" } } as const;
    const sent = await encryptMessage(key, { ...header, content }, { contents: [Loose] });
    expect(await decryptMessage(key, sent, { contents: [Loose] })).toEqual(content);
  });

  it("is bounded like a text", async () => {
    const Blob = defineContent("blob", z.object({ data: z.any() }), { fallback: "" });
    const options = { contents: [Blob], maxBodyBytes: 1_048_576 };
    const encrypted = (data: unknown, more = {}) =>
      encryptMessage(key, { ...header, content: { kind: "blob", data } }, { ...options, ...more });
    const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
    const longest = new Uint8Array(131_072 - 35);
    const { content } = await encrypted(longest, { maxBodyBytes: 131_072 });
    expect(content.length).toBeGreaterThan(131_072);
    await expect(encrypted(new Uint8Array(131_073), { maxBodyBytes: undefined })).rejects.toThrow(
      "content: has more than 131072 bytes",
    );
    expect(await decryptMessage(key, await encrypted(nested(14)), options)).toMatchObject({
      data: nested(14),
    });
    await expect(encrypted(nested(15))).rejects.toThrow(ValidationError);
    await expect(encrypted(new Date())).rejects.toThrow("data: must be nil, a boolean");
    await expect(encrypted(new Uint8Array(800_000))).rejects.toThrow(ValidationError);
  });
});

describe("encryptMessage rejects an own content", () => {
  const encrypted = (content: unknown, options: object = { contents }) =>
    encryptMessage(key, { ...header, content: content as TextContent }, options);

  it.each([
    [
      "of a kind without a definition",
      { kind: "sticker" },
      'content: kind: must be "text", or in options.contents',
    ],
    [
      "without the definition of its kind",
      image,
      'content: kind: must be "text", or in options.contents',
      {},
    ],
    ["that does not match its schema", { ...image, width: 1.5 }, "image: width: must be"],
    ["without a required field", { kind: "image" }, "image: file_id: must be"],
  ])("%s", async (_, content, message, options?: object) => {
    await expect(encrypted(content, options)).rejects.toThrow(ValidationError);
    await expect(encrypted(content, options)).rejects.toThrow(message);
  });

  it("with a reserved field that a loose schema accepts", async () => {
    const Loose = defineContent("loose", z.looseObject({}), { fallback: "x" });
    await expect(
      encrypted({ kind: "loose", fallback: "y" }, { contents: [Loose] }),
    ).rejects.toThrow("loose: fallback: is reserved");
  });

  it("whose fallback function returns no text", async () => {
    const Wrong = defineContent("wrong", z.object({}), { fallback: () => 7 as never });
    await expect(encrypted({ kind: "wrong" }, { contents: [Wrong] })).rejects.toThrow(
      "wrong: fallback: must be text",
    );
    const Lone = defineContent("lone", z.object({}), { fallback: () => "\ud800" });
    await expect(encrypted({ kind: "lone" }, { contents: [Lone] })).rejects.toThrow(
      "fallback: must not have a lone surrogate",
    );
  });

  it("that its receiver would reject or could not show as an object", async () => {
    const codec = <Out>(decode: () => Out) =>
      z.codec(z.object({}), z.custom<Out & object>(), {
        decode: decode as never,
        encode: () => ({}),
      });
    const Throwing = defineContent(
      "throwing",
      codec(() => {
        throw new Error();
      }),
      { fallback: "" },
    );
    const List = defineContent(
      "list",
      codec(() => [1]),
      { fallback: "" },
    );
    await expect(encrypted({ kind: "throwing" }, { contents: [Throwing] })).rejects.toThrow(
      "throwing: cannot be checked against its schema",
    );
    await expect(encrypted({ kind: "list" }, { contents: [List] })).rejects.toThrow(
      "list: must decode to a plain object",
    );
    await expectDecryptError(await encryptBody(encodeBody({ kind: "list" })), key, {
      contents: [List],
    } as never);
  });
});

describe("the option contents", () => {
  const message = () => encryptMessage(key, { ...header, content: image }, { contents });

  it.each([
    ["a number", 7],
    ["text", "image"],
    ["null", null],
    ["an object that is no definition", [Image, { kind: "a" }]],
    ["undefined", [undefined]],
    ["two definitions of a kind", [Poll, Image, Poll]],
  ])("is invalid with %s", async (_, bad) => {
    const options = { contents: bad as never };
    const text = "argument: options.contents: must be definitions of different kinds";
    const sent = await message();
    await expect(decryptMessage(key, sent, options)).rejects.toThrow(text);
    await expect(encryptMessage(key, { ...header, content: hola }, options)).rejects.toThrow(text);
    expect(() => chatCipher(key, options)).toThrow(text);
  });

  it("is copied", async () => {
    const own = [Image];
    const decrypting = decryptMessage(key, await message(), { contents: own });
    const cipher = chatCipher(key, { contents: own });
    own.length = 0;
    expect(await decrypting).toEqual(image);
    expect(await cipher.decrypt(await cipher.encrypt({ ...header, content: image }))).toEqual(
      image,
    );
  });

  it("reports a definition whose schema, created later, cannot be sent", async () => {
    const Early = defineContent(
      "early",
      z.object({
        get later(): z.ZodMiniType {
          return Later;
        },
      }),
      { fallback: "" },
    );
    const Later = z.object({ a: z.date() });
    await expect(decoded({ kind: "early", later: {} }, { contents: [Early] })).rejects.toThrow(
      "schema of early: later.a: a frame cannot carry a date",
    );
  });
});

describe("chatCipher", () => {
  it("binds a key and options", async () => {
    const cipher = chatCipher(key, { contents, maxBodyBytes: 200 });
    const sent = await cipher.encrypt({ ...header, content: poll });
    expect(await decryptMessage(key, sent, { contents })).toEqual(poll);
    expect(await cipher.decrypt(sent)).toEqual(poll);
    const long = { kind: "text", text: "x".repeat(200) } as const;
    await expect(cipher.encrypt({ ...header, content: long })).rejects.toThrow(ValidationError);
    const received = await encryptMessage(key, { ...header, content: long });
    await expect(cipher.decrypt(received)).rejects.toThrow(DecryptError);
    expect(await chatCipher(key).decrypt(received)).toEqual(long);
  });

  it("rejects what is no key, and invalid options", () => {
    expect(() => chatCipher({} as ChatKey)).toThrow(KeyError);
    expect(() => chatCipher(key, null as never)).toThrow("argument: options: must be an object");
    expect(() => chatCipher(key, { maxBodyBytes: -1 })).toThrow("options.maxBodyBytes: must be");
  });
});

describe("the types of contents", () => {
  it("are inferred from the definitions", async () => {
    type ImageContent = { readonly kind: "image" } & {
      file_id: number;
      width: number;
      thumbnail?: Uint8Array | undefined;
      alt?: string | undefined;
    };
    expectTypeOf<ContentOf<typeof Image>>().toEqualTypeOf<ImageContent>();
    const sent = await encryptMessage(key, { ...header, content: image }, { contents });
    const received = await decryptMessage(key, sent, { contents: [Image, Poll] });
    expectTypeOf(received).toEqualTypeOf<
      TextContent | ContentOf<typeof Image> | ContentOf<typeof Poll> | UnknownContent
    >();
    if (received.kind === "image") expectTypeOf(received.file_id).toEqualTypeOf<number>();
    if (received.kind === "poll") expectTypeOf(received.closes).toEqualTypeOf<Date | undefined>();
    if (received.kind === "unknown") expectTypeOf(received.fallback).toEqualTypeOf<string>();
    expectTypeOf(await decryptMessage(key, sent)).toEqualTypeOf<TextContent | UnknownContent>();
    expectTypeOf<Content>().toEqualTypeOf<TextContent | UnknownContent>();
  });

  it("require the fields and the definition of a kind", async () => {
    const incomplete = { ...header, content: { kind: "image", file_id: 1 } } as const;
    const whole = { ...header, content: image };
    const wrong = [
      // @ts-expect-error a field is missing
      () => encryptMessage(key, incomplete, { contents }),
      // @ts-expect-error the definition is missing
      () => encryptMessage(key, whole),
      // @ts-expect-error the definition of another kind
      () => encryptMessage(key, whole, { contents: [Poll] }),
      // @ts-expect-error the fallback is missing
      async () => defineContent("sticker", z.object({})),
    ];
    for (const call of wrong) await expect(call()).rejects.toThrow();
  });

  it("of a cipher are those of its definitions", () => {
    type Both = typeof Image | typeof Poll;
    expectTypeOf(chatCipher(key, { contents: [Image, Poll] })).toEqualTypeOf<
      ChatCipher<NewContent<Both>, Content<Both>>
    >();
    expectTypeOf(chatCipher(key)).toEqualTypeOf<ChatCipher>();
  });
});
