import { describe, expect, expectTypeOf, it } from "vitest";
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
  type VerifiedMessage,
} from "../../src/index.js";
import { NOW } from "../support/examples.js";
import { key, Poll } from "./fixture.js";

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
