import { describe, expect, it } from "vitest";
import {
  Ack,
  AuthRequest,
  AuthResponse,
  ChatListResponse,
  ChatMessage,
  ErrorResponse,
  Hello,
  MessageProtocol,
  StatusEvent,
  ValidationError,
  Welcome,
} from "../../src/index.js";
import { CLIENT_ID, everyMessage, NOW, wires } from "../support/examples.js";
import { counting } from "../support/hex.js";

const base64 = (bytes: Uint8Array) =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
const chat = {
  chat_id: 42,
  sender_id: 7,
  content: counting(4),
  nonce: counting(12),
  timestamp: NOW,
};
const payloadKeys = (message: MessageProtocol) => Object.keys(message.payload);

describe.each(Object.entries(everyMessage))("%s", (type, { definition, value, envelop }) => {
  it.each(wires)("has its type on wire %i, and round-trips", (wire) => {
    const message = envelop(undefined, { wire, timestamp: NOW });
    expect(message.type).toBe(type);
    expect(definition.fromProtocol(message)).toEqual(
      definition.parse({ timestamp: NOW, ...value }),
    );
    expect(definition.fromProtocol(message)).toMatchObject(value);
  });
});

describe("on wire 1, as version 1 clients write it,", () => {
  it("an absent optional field is nil, and the fields are in their order", () => {
    expect(AuthRequest.toProtocol({ username: "ana", password: "secreto" }).payload).toEqual({
      username: "ana",
      password: "secreto",
      device_id: null,
    });
    expect(payloadKeys(AuthResponse.toProtocol({ success: false, error: "no" }))).toEqual([
      "success",
      "access_token",
      "refresh_token",
      "user_id",
      "username",
      "expires_in",
      "error",
    ]);
    expect(payloadKeys(ChatMessage.toProtocol(chat))).toEqual([
      "chat_id",
      "sender_id",
      "content",
      "nonce",
      "timestamp",
      "message_id",
    ]);
    expect(payloadKeys(StatusEvent.toProtocol({ user_id: 7, event_type: "typing" }))).toEqual([
      "event_type",
      "user_id",
      "chat_id",
      "timestamp",
    ]);
    expect(payloadKeys(ErrorResponse.toProtocol({ error_message: "m", error_code: "E" }))).toEqual([
      "error_code",
      "error_message",
      "details",
      "timestamp",
    ]);
  });

  it("new fields come last, and are absent if unset", () => {
    const message = ChatMessage.toProtocol({ seq: 3, client_id: CLIENT_ID, ...chat });
    expect(payloadKeys(message).slice(5)).toEqual(["message_id", "client_id", "seq"]);
    expect(
      payloadKeys(AuthResponse.toProtocol({ success: true, session_key: counting(32) })).at(-1),
    ).toBe("session_key");
  });

  it("bytes are base64 text", () => {
    expect(ChatMessage.toProtocol(chat).payload.content).toBe(base64(counting(4)));
  });
});

describe("on wire 2", () => {
  it("absent fields are left out, and bytes are bin", () => {
    const { payload } = ChatMessage.toProtocol(chat, undefined, { wire: 2 });
    expect(Object.keys(payload)).toEqual(["chat_id", "sender_id", "content", "nonce", "timestamp"]);
    expect(payload.content).toEqual(counting(4));
  });
});

describe("reading", () => {
  const message = (payload: Record<string, unknown>, type = "message") =>
    new MessageProtocol({ type, payload, timestamp: NOW });

  it("treats nil in an optional field as absent, also in nested ones", () => {
    const { client_id, seq, ...rest } = ChatMessage.fromProtocol(
      message({ ...chat, client_id: null, seq: null, message_id: null }),
    );
    expect([client_id, seq]).toEqual([undefined, undefined]);
    expect(rest).toEqual(chat);
    const summary = {
      chat_id: 1,
      peer_id: 2,
      peer_name: "benito",
      encryption_type: "none",
      auto_delete_hours: null,
      salt: null,
      iterations: null,
      key_check: null,
      last_seq: 0,
      unread: 0,
    };
    const list = ChatListResponse.fromProtocol(
      message({ chats: [summary], total: 1, page: 1 }, "chat_list"),
    );
    expect(list.chats[0]!.salt).toBeUndefined();
    expect("salt" in list.chats[0]!).toBe(false);
  });

  it("rejects nil in a required field", () => {
    expect(() => ChatMessage.fromProtocol(message({ ...chat, nonce: null }))).toThrow(
      ValidationError,
    );
  });

  it("drops unknown fields and keeps them in the frame", () => {
    const received = message({ ...chat, colour: "red" });
    expect("colour" in ChatMessage.fromProtocol(received)).toBe(false);
    expect(received.payload.colour).toBe("red");
  });

  it("accepts bytes and canonical base64 text", () => {
    const parse = (content: unknown) => ChatMessage.safeParse({ ...chat, content });
    expect(parse(base64(counting(4)))).toMatchObject({
      success: true,
      value: { content: counting(4) },
    });
    for (const bad of ["AAECAw", "AAECAw=\n=", "AAECAx==", "AAEC-w==", 7, null, [0], {}]) {
      expect(parse(bad).success, String(bad)).toBe(false);
    }
  });

  it("sets an absent timestamp to the frame's time, or to now without a frame", () => {
    const { timestamp: _, ...untimed } = chat;
    expect(ChatMessage.fromProtocol(message(untimed)).timestamp).toBe(NOW);
    expect(ChatMessage.toProtocol(untimed, undefined, { timestamp: NOW }).payload.timestamp).toBe(
      NOW,
    );
    const before = Date.now() / 1000;
    expect(ChatMessage.parse(untimed).timestamp).toBeGreaterThanOrEqual(before);
    expect(ChatMessage.parse({ ...untimed, timestamp: null }).timestamp).toBeGreaterThanOrEqual(
      before,
    );
  });

  it("accepts an AuthResponse of the type `auth`", () => {
    expect(AuthResponse.fromProtocol(message({ success: true }, "auth")).success).toBe(true);
    expect(() => AuthResponse.fromProtocol(message({ success: true }, "status"))).toThrow(
      ValidationError,
    );
  });

  it("rejects the type of another message", () => {
    expect(() => StatusEvent.fromProtocol(message(chat))).toThrow(ValidationError);
  });
});

describe("limits", () => {
  const takes = (value: unknown) =>
    AuthRequest.safeParse({ username: "ana", password: "secreto", ...(value as object) }).success;
  const chatTakes = (value: object) => ChatMessage.safeParse({ ...chat, ...value }).success;

  it.each([
    ["abc", true],
    ["ab", false],
    ["x".repeat(50), true],
    ["x".repeat(51), false],
    ["José", true],
    ["日本語", true],
    ["٣٤٥", true],
    ["a_b-c", true],
    ["___", false],
    ["-_-", false],
    ["a b", false],
    ["a.b", false],
    ["a\u0301bc", true],
    ["\u0301abc", false],
    ["a\u200bbc", false],
    ["abc\n", false],
    ["𝒜𝒷𝒸", true],
    ["𝒜𝒷", false],
    ["𝒜".repeat(50), true],
    ["𝒜".repeat(51), false],
  ])("of a username: %j %s", (username, is) => expect(takes({ username })).toBe(is));

  it.each([
    ["x".repeat(5), false],
    ["x".repeat(6), true],
    ["x".repeat(1024), true],
    ["x".repeat(1025), false],
    ["🔑".repeat(5), false],
    ["🔑".repeat(6), true],
    ["🔑".repeat(1024), true],
    ["🔑".repeat(1025), false],
    ["secre\ud800to", false],
  ])("of a password: %j %s", (password, is) => expect(takes({ password })).toBe(is));

  it("of a device id", () => {
    expect(takes({ device_id: "x".repeat(100) })).toBe(true);
    expect(takes({ device_id: "x".repeat(101) })).toBe(false);
  });

  it.each(["chat_id", "sender_id", "message_id", "seq"])("of %s", (field) => {
    expect(chatTakes({ [field]: 1 })).toBe(true);
    expect(chatTakes({ [field]: Number.MAX_SAFE_INTEGER })).toBe(true);
    for (const bad of [0, -1, 1.5, 2 ** 53, Number.NaN, "1", true]) {
      expect(chatTakes({ [field]: bad }), String(bad)).toBe(false);
    }
  });

  it("of content and nonce", () => {
    expect(chatTakes({ content: new Uint8Array(720_000) })).toBe(true);
    expect(chatTakes({ content: new Uint8Array(720_001) })).toBe(false);
    expect(chatTakes({ content: base64(new Uint8Array(720_001)) })).toBe(false);
    for (const length of [0, 11, 13])
      expect(chatTakes({ nonce: new Uint8Array(length) })).toBe(false);
  });

  it("of a content, which fits a frame on both wires", () => {
    for (const wire of wires) {
      const message = ChatMessage.toProtocol(
        { ...chat, content: new Uint8Array(720_000) },
        undefined,
        { wire },
      );
      expect(ChatMessage.fromProtocol(message).content).toHaveLength(720_000);
    }
  });

  it("of a timestamp", () => {
    for (const good of [0, NOW + 0.5, 8_640_000_000_000])
      expect(chatTakes({ timestamp: good })).toBe(true);
    for (const bad of [-1, 8_640_000_000_001, Number.NaN, Number.POSITIVE_INFINITY, "now"]) {
      expect(chatTakes({ timestamp: bad })).toBe(false);
    }
  });

  it("of a client id", () => {
    for (const good of [CLIENT_ID, "018bcfe5-687b-7abc-8def-000000000000"])
      expect(chatTakes({ client_id: good })).toBe(true);
    for (const bad of [CLIENT_ID.toUpperCase(), "00000000-0000-0000-0000-000000000000", "x", ""]) {
      expect(chatTakes({ client_id: bad })).toBe(false);
    }
  });

  it("of a chat's key parameters", () => {
    const summary = {
      chat_id: 1,
      peer_id: 2,
      peer_name: "benito",
      encryption_type: "none",
      last_seq: 0,
      unread: 0,
    };
    const listTakes = (value: object) =>
      ChatListResponse.safeParse({ chats: [{ ...summary, ...value }], total: 1, page: 1 }).success;
    expect(listTakes({ salt: counting(16), iterations: 100_000, key_check: counting(16) })).toBe(
      true,
    );
    expect(listTakes({ salt: counting(64), iterations: 2_000_000 })).toBe(true);
    for (const bad of [
      { salt: counting(15) },
      { salt: counting(65) },
      { iterations: 1 },
      { iterations: 99_999 },
      { iterations: 10 ** 9 },
      { iterations: 2_000_001 },
      { key_check: counting(15) },
    ]) {
      expect(listTakes(bad), JSON.stringify(bad)).toBe(false);
    }
  });

  it("of a hello", () => {
    const hello = { nonce: counting(16), wires: [1, 2], capabilities: [] };
    expect(Hello.safeParse(hello).success).toBe(true);
    expect(Hello.safeParse({ ...hello, nonce: counting(15) }).success).toBe(false);
    expect(Hello.safeParse({ ...hello, wires: [] }).success).toBe(false);
  });

  it("of a welcome's nonces, and of a session key", () => {
    const welcome = { wire: 2, capabilities: [], limits: {}, heartbeat: 30 };
    for (const length of [15, 16, 17]) {
      const [exact, other] = [counting(16), counting(length)];
      for (const nonces of [
        { nonce: exact, hello_nonce: other },
        { nonce: other, hello_nonce: exact },
      ]) {
        expect(Welcome.safeParse({ ...welcome, ...nonces }).success).toBe(length === 16);
      }
      const answer = { success: true, session_key: counting(2 * length) };
      expect(AuthResponse.safeParse(answer).success).toBe(length === 16);
    }
  });

  it.each([
    ["typing", true],
    ["read", true],
    ["user_online", true],
    ["user_offline", true],
    ["delivered", true],
    ["", false],
    ["Typing", false],
  ])("of an event_type: %j %s", (event_type, is) => {
    expect(StatusEvent.safeParse({ event_type, user_id: 7 }).success).toBe(is);
  });
});

describe("a wrong type in any field of any message", () => {
  const wrong = [null, true, -1, 1.5, "", "text", [], {}, counting(3)];

  it.each(Object.keys(everyMessage))(
    "of %s causes a ValidationError, or is accepted by the field",
    (type) => {
      const { definition, envelop } = everyMessage[type]!;
      const good = envelop(undefined, { timestamp: NOW }).payload;
      for (const field of Object.keys(good)) {
        const accepted = wrong.filter((value) => {
          const result = definition.safeParse({ ...good, [field]: value });
          if (!result.success) expect(result.error).toBeInstanceOf(ValidationError);
          return result.success;
        });
        expect(accepted.length, `${type}.${field}`).toBeLessThanOrEqual(4);
      }
      for (const value of [...wrong, undefined, () => 1, Symbol("s")]) {
        if (definition.safeParse(value).success) throw new Error(`${type} took ${String(value)}`);
      }
    },
  );
});

describe("a ValidationError", () => {
  it("names the message, the paths and the problems in English", () => {
    const result = ChatMessage.safeParse({ ...chat, chat_id: "42", nonce: counting(11) });
    if (result.success) throw new Error("it passed");
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
    [ChatMessage, { ...chat, nonce: 7 }, "nonce: must be 12 bytes, as a Uint8Array or base64 text"],
    [ChatMessage, { ...chat, nonce: "AAECAw" }, "nonce: must be canonical base64 text"],
    [
      ChatMessage,
      { ...chat, content: new Uint8Array(720_001) },
      "content: must be 0 to 720000 bytes",
    ],
    [ChatListResponse, list({ salt: counting(15) }), "chats.0.salt: must be 16 to 64 bytes"],
    [
      AuthRequest,
      { ...login, password: "x" },
      "password: must be well-formed text of 6 to 1024 characters",
    ],
    [
      AuthRequest,
      { ...login, username: "a b" },
      "username: must have 3 to 50 letters, digits, _ or -, one of them a letter or digit",
    ],
    [
      Ack,
      { ...ack, client_id: "x" },
      "client_id: must be a UUID in lower case, and not the nil UUID",
    ],
    [
      Ack,
      { ...ack, stored_at: -1 },
      "stored_at: must be a Unix time in seconds, from 0 to 8640000000000",
    ],
    [Ack, { ...ack, seq: "1" }, "seq: must be an integer from 1 to 9007199254740991"],
    [Welcome, { ...welcome, heartbeat: 0 }, "heartbeat: must be a number of seconds above 0"],
    [Welcome, { ...welcome, heartbeat: "1" }, "heartbeat: must be a number of seconds above 0"],
  ] as const)("names what a field must be: %#", ({ type }, value, message) => {
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
      if (result.success) throw new Error("it passed");
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
