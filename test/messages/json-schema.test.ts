import { describe, expect, it } from "vitest";
import * as classic from "zod";
import * as z from "zod/mini";
import { Ack, AuthRequest, ChatMessage, jsonSchemaOverride, Welcome } from "../../src/index.js";

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
  const time = { type: "number", minimum: 0, maximum: 100_000_000_000 };

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
