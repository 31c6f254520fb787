import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import {
  ChatListResponse,
  defineMessage,
  ErrorResponse,
  Hello,
  type MessageDefinition,
  MessageListResponse,
  type PayloadSchema,
  ValidationError,
  Welcome,
} from "../../src/index.js";
import { everyMessage } from "../support/examples.js";

// biome-ignore lint/suspicious/noExplicitAny: definitions of different schemas stand in one table
type AnyDefinition = MessageDefinition<string, any>;

function errorOf<Schema extends PayloadSchema>(
  definition: MessageDefinition<string, Schema>,
  input: unknown,
): ValidationError | undefined {
  const result = definition.safeParse(input);
  return result.success ? undefined : result.error;
}

const filled = <Value>(length: number, value: Value) => Array<Value>(length).fill(value);
const sample = (type: keyof typeof everyMessage) =>
  everyMessage[type]!.value as Record<string, unknown>;
const numbered = (length: number) =>
  Object.fromEntries(filled(length, 0).map((_, at) => [`limit_${at}`, at]));
const [message] = sample("message_list").messages as unknown[];
const [chat] = sample("chat_list").chats as unknown[];

describe("lists and maps of messages", () => {
  it.each([
    [Hello, "hello", "wires", filled(8, 1), filled(9, 1)],
    [Hello, "hello", "wires", [1], []],
    [Hello, "hello", "capabilities", filled(32, "a"), filled(33, "a")],
    [Hello, "hello", "capabilities", ["a".repeat(64)], ["a".repeat(65)]],
    [Welcome, "welcome", "capabilities", filled(32, "a"), filled(33, "a")],
    [Welcome, "welcome", "limits", numbered(32), numbered(33)],
    [Welcome, "welcome", "limits", { a: 1 }, { a: "1" }],
    [Welcome, "welcome", "limits", {}, { a: Number.POSITIVE_INFINITY }],
    [Welcome, "welcome", "limits", {}, []],
    [Welcome, "welcome", "limits", { a: 1 }, { a: null }],
    [Welcome, "welcome", "heartbeat", 1e300, Number.POSITIVE_INFINITY],
    [MessageListResponse, "message_list", "messages", filled(1000, message), filled(1001, message)],
    [ChatListResponse, "chat_list", "chats", filled(1000, chat), filled(1001, chat)],
    [ErrorResponse, "error", "details", numbered(2000), [1]],
  ] as [AnyDefinition, keyof typeof everyMessage, string, unknown, unknown][])(
    "%#: accept values at the limit, and reject values past it",
    (definition, type, field, fits, doesNot) => {
      expect(errorOf(definition, { ...sample(type), [field]: fits })).toBeUndefined();
      const error = errorOf(definition, { ...sample(type), [field]: doesNot });
      expect(error?.message).toMatch(`${type}: `);
      expect(error?.code).toBe("ERR_VALIDATION");
    },
  );
});

describe("a definition that rejects a large input", () => {
  const isNever = { calls: 0 };
  const never = z.custom<string>(() => {
    isNever.calls += 1;
    return false;
  });

  const Lists = defineMessage("lists", z.object({ items: z.array(never) }));
  const Maps = defineMessage(
    "maps",
    z.object({ items: z.array(z.object({ a: never, b: never, c: z.optional(never) })) }),
  );
  const callsFor = (definition: AnyDefinition, input: unknown) => {
    isNever.calls = 0;
    expect(errorOf(definition, input)).toBeInstanceOf(ValidationError);
    return isNever.calls;
  };

  it("stops checking elements after the first rejected one", () => {
    expect(callsFor(Lists, { items: filled(65_000, "") })).toBeLessThan(10);
    expect(callsFor(Maps, { items: filled(30_000, { a: "" }) })).toBeLessThan(10);
    expect(callsFor(Lists, { items: filled(3000, "") })).toBeLessThan(10);
  });

  it("reports all issues of a small input, and the first of a larger one", () => {
    const issuesFor = (length: number) =>
      errorOf(Lists, { items: filled(length, "") })!.issues.map(({ path }) => path.join("."));
    expect(issuesFor(3)).toEqual(["items.0", "items.1", "items.2"]);
    expect(issuesFor(255)).toHaveLength(16);
    expect(errorOf(Lists, { items: filled(255, "") })!.message).toMatch(/; and 239 more$/);
    expect(issuesFor(256)).toEqual(["items.0"]);
    expect(issuesFor(12_287)).toEqual(["items.0"]);
    expect(issuesFor(12_288)).toEqual([""]);
    expect(errorOf(Lists, { items: filled(12_288, "") })!.message).toBe(
      "lists: does not match its schema",
    );
  });

  it("names the list with too many elements, up to a limit", () => {
    const { messages: _, ...list } = sample("message_list");
    const error = errorOf(MessageListResponse, { ...list, messages: filled(1001, message) });
    expect(error?.message).toBe("message_list: messages: must have a length of at most 1000");
  });

  it("has no error of the engine as its cause", () => {
    for (const [definition, field] of [
      [MessageListResponse, "messages"],
      [ChatListResponse, "chats"],
    ] as const) {
      const error = errorOf(definition as AnyDefinition, { [field]: filled(65_000, {}) });
      expect(error?.message).toMatch("does not match its schema");
      expect(error).not.toHaveProperty("cause");
    }
  });

  it("drops the nils of absent fields from each element of a long list", () => {
    const optional = { message_id: null, client_id: null, "1023": null, device: null };
    const messages = filled(1000, { ...(message as object), ...optional });
    const list = MessageListResponse.parse({ messages, has_more: false });
    expect(list.messages).toHaveLength(1000);
    expect(Object.keys(list.messages[999]!)).not.toContain("1023");
  });
});
