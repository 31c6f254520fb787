import { describe, expect, expectTypeOf, it } from "vitest";
import * as z from "zod/mini";
import {
  ChatMessage,
  defineMessage,
  type ErrorResponse,
  MessageProtocol,
  type StatusEvent,
  type VerifiedMessage,
} from "../../src/index.js";
import { NOW } from "../support/examples.js";
import { counting } from "../support/hex.js";
import { key, Poll } from "./fixture.js";

describe("the types of messages", () => {
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
      content_type?: "proposal" | "commit" | undefined;
      stored_at?: number | undefined;
      follows?: string | undefined;
    }>();
    expectTypeOf<ErrorResponse["details"]>().toEqualTypeOf<Record<string, unknown> | undefined>();
    expectTypeOf<StatusEvent["event_type"]>().toEqualTypeOf<
      "typing" | "read" | "user_online" | "user_offline" | "delivered" | "chat_changed"
    >();
  });

  it("allow an absent timestamp", () => {
    const message = ChatMessage.toProtocol({
      chat_id: 1,
      sender_id: 2,
      content: counting(3),
      nonce: counting(12),
    });
    expect(message.type).toBe("message");
    const incomplete = { chat_id: 1, sender_id: 2, content: counting(3) };
    // @ts-expect-error a nonce is required
    expect(() => ChatMessage.toProtocol(incomplete)).toThrow();
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
