import { describe, expect, it } from "vitest";
import * as classic from "zod";
import * as z from "zod/mini";
import {
  Ack,
  AuthRequest,
  AuthResponse,
  ChatListResponse,
  ChatMessage,
  defineMessage,
  ValidationError,
  Welcome,
} from "../../src/index.js";
import { CLIENT_ID, everyMessage, NOW } from "../support/examples.js";
import { counting } from "../support/hex.js";
import { chat, Poll } from "./fixture.js";

describe("the message of an issue is", () => {
  const { object } = z;
  it.each([
    ["a: is missing", object({ a: z.string() }), {}],
    ["a: must be of type string", object({ a: z.string() }), { a: 7 }],
    ["a: must be x or y", object({ a: z.enum(["x", "y"]) }), { a: "z" }],
    ["a: must be at least 3", object({ a: z.int().check(z.gte(3)) }), { a: 2 }],
    ["a: must be less than 3", object({ a: z.number().check(z.lt(3)) }), { a: 3 }],
    ["a: must be more than 3", object({ a: z.number().check(z.gt(3)) }), { a: 3 }],
    [
      "a: must have a length of at least 2",
      object({ a: z.string().check(z.minLength(2)) }),
      { a: "" },
    ],
    [
      "a: must have a length of at most 1",
      object({ a: z.array(z.int()).check(z.maxLength(1)) }),
      { a: [1, 2] },
    ],
    ["a: must be a multiple of 5", object({ a: z.number().check(z.multipleOf(5)) }), { a: 3 }],
    ["a: must match /^b+$/", object({ a: z.string().check(z.regex(/^b+$/)) }), { a: "c" }],
    ["a: must match email", object({ a: z.email() }), { a: "c" }],
    ["has unknown fields", z.strictObject({}), { "<b>": 1 }],
    ["a: is not valid", object({ a: z.union([z.string(), z.int()]) }), { a: null }],
  ] as const)("%s", (message, schema, input) => {
    const result = defineMessage("note", schema as z.ZodMiniObject).safeParse(input);
    expect(!result.success && result.error.message).toBe(`note: ${message}`);
  });
});

describe("a ValidationError", () => {
  it("keeps the error of a schema's code only with keepCause", () => {
    const schema = z.object({
      password: z.codec(z.string(), z.any(), {
        decode: (text) => JSON.parse(text),
        encode: (value) => JSON.stringify(value),
      }),
    });
    const [without, withCause] = [false, true].map((keepCause) =>
      defineMessage("login", schema, { keepCause }).safeParse({ password: "hunter2" }),
    );
    expect(!without!.success && `${without!.error.stack}`).not.toContain("hunter2");
    expect(!without!.success && without!.error).not.toHaveProperty("cause");
    expect(!withCause!.success && withCause!.error.cause).toBeInstanceOf(SyntaxError);
    expect(defineMessage("login", schema).safeParse({ password: "hunter2" })).toEqual(without);
  });

  it("hides a ValidationError that the schema's code throws, which may quote the value", () => {
    const schema = z.object({
      password: z.string().check(
        z.refine((password) => {
          throw new ValidationError("own", [{ path: [], message: password }]);
        }),
      ),
    });
    const result = defineMessage("login", schema).safeParse({ password: "hunter2" });
    expect(!result.success && result.error.message).toBe(
      "login: cannot be checked against its schema",
    );
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

  it("names the message, the paths and the problems in English", () => {
    const result = ChatMessage.safeParse({ ...chat, chat_id: "42", nonce: counting(11) });
    if (result.success) throw new Error("the input is valid");
    expect(result.error.code).toBe("ERR_VALIDATION");
    expect(result.error.issues.map(({ path }) => path)).toEqual([["chat_id"], ["nonce"]]);
    expect(result.error.message).toBe(
      "message: chat_id: must be an integer from 1 to 9007199254740991; nonce: must be 12 bytes",
    );
  });

  const summary = { chat_id: 1, peer_id: 2, peer_name: "b", encryption_type: "none" };
  const list = (fields: object) => ({
    chats: [{ ...summary, last_seq: 0, unread: 0, ...fields }],
    total: 1,
    page: 1,
  });

  const fields = { nonce: counting(16), hello_nonce: counting(16), wire: 2, capabilities: [] };
  const welcome = { ...fields, limits: {}, heartbeat: 30 };
  const ack = { client_id: CLIENT_ID, chat_id: 1, message_id: 1, seq: 1, stored_at: NOW };
  const login = { username: "ana", password: "secreto" };

  it.each([
    ["nonce: must be 12 bytes, as a Uint8Array or base64 text", ChatMessage, { ...chat, nonce: 7 }],
    ["nonce: must be canonical base64 text", ChatMessage, { ...chat, nonce: "AAECAw" }],
    [
      "content: must be 0 to 720000 bytes",
      ChatMessage,
      { ...chat, content: new Uint8Array(720_001) },
    ],
    ["chats.0.salt: must be 16 to 64 bytes", ChatListResponse, list({ salt: counting(15) })],
    [
      "password: must be well-formed text of 6 to 1024 characters",
      AuthRequest,
      { ...login, password: "x" },
    ],
    [
      "username: must have 3 to 50 letters, digits, _ or -, one of them a letter or digit",
      AuthRequest,
      { ...login, username: "a b" },
    ],
    [
      "client_id: must be a UUID in lower case, and not the nil UUID",
      Ack,
      { ...ack, client_id: "x" },
    ],
    [
      "stored_at: must be a Unix time in seconds, not milliseconds, from 0 to 100000000000",
      Ack,
      { ...ack, stored_at: -1 },
    ],
    ["seq: must be an integer from 1 to 9007199254740991", Ack, { ...ack, seq: "1" }],
    ["heartbeat: must be a number of seconds above 0", Welcome, { ...welcome, heartbeat: 0 }],
    ["heartbeat: must be a number of seconds above 0", Welcome, { ...welcome, heartbeat: "1" }],
  ] as const)("states the requirement of a field: %s", (message, { type }, value) => {
    const result = everyMessage[type]!.definition.safeParse(value);
    expect(!result.success && result.error.message).toBe(`${type}: ${message}`);
  });

  it("contains no password, token or key", () => {
    const secrets = { password: "hunter2-hunter2", access_token: "very.secret.token" };
    const results = [
      AuthRequest.safeParse({ username: "a b", password: secrets.password.repeat(200) }),
      AuthRequest.safeParse({ username: secrets.password, password: 7, device_id: 7 }),
      AuthResponse.safeParse({
        success: "yes",
        access_token: secrets.access_token.repeat(600),
        session_key: secrets.access_token,
      }),
    ];
    for (const result of results) {
      if (result.success) throw new Error("the input is valid");
      const printed = JSON.stringify([
        result.error,
        result.error.message,
        result.error.stack,
        result.error.issues,
      ]);
      expect(printed).not.toContain("hunter2");
      expect(printed).not.toContain("very.secret");
    }
  });
});
