import { describe, expect, it } from "vitest";
import {
  AuthRequest,
  AuthResponse,
  ChatListResponse,
  ChatMessage,
  ErrorResponse,
  MessageListResponse,
  MessageProtocol,
  StatusEvent,
  ValidationError,
} from "../../src/index.js";
import { CLIENT_ID, everyMessage, NOW, wires } from "../support/examples.js";
import { counting } from "../support/hex.js";
import { base64, chat } from "./fixture.js";

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

  it("new fields are last, and are absent if unset", () => {
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

  it("rejects a message of a list without a timestamp, in a frame and as JSON", () => {
    const { timestamp: _, ...untimed } = chat;
    for (const listed of [untimed, { ...untimed, timestamp: null }]) {
      const list = { messages: [listed], has_more: false };
      expect(() => MessageListResponse.fromProtocol(message(list, "message_list"))).toThrow(
        /messages\.0\.timestamp/,
      );
      expect(MessageListResponse.safeParse(list).success).toBe(false);
    }
  });

  it("keeps nil inside error details", () => {
    const error = { error_code: "E", error_message: "m", details: { a: null }, timestamp: NOW };
    expect(ErrorResponse.fromProtocol(message(error, "error")).details).toEqual({ a: null });
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
