import type { Context } from "hono";
import type { MessageDefinition, PayloadSchema } from "lacre";
import { Refusal } from "./errors.js";

type Status = 200 | 201 | Refusal["status"];

/** Answers with JSON, in which bytes are base64 text, as lacre's schemas read them. */
export function answer(context: Context, value: unknown, status: Status = 200): Response {
  return context.body(toJson(value), status, { "content-type": "application/json" });
}

export function toJson(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, key, serialised) {
    const original = this[key];
    return original instanceof Uint8Array ? Buffer.from(original).toString("base64") : serialised;
  });
}

/** The request's JSON body, checked. */
export async function readBody<Type extends string, Schema extends PayloadSchema>(
  context: Context,
  definition: MessageDefinition<Type, Schema>,
) {
  return definition.parse(await parseJson(context));
}

export async function parseJson(context: Context): Promise<unknown> {
  const type = context.req.header("content-type") ?? "application/json";
  if (!/^application\/(\w+\+)?json\b|^text\/plain\b/i.test(type)) {
    throw new Refusal(
      415,
      "ERR_MEDIA_TYPE",
      "the body is neither JSON nor a frame: send application/json",
    );
  }
  try {
    return JSON.parse(await context.req.text());
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(400, "ERR_MALFORMED_JSON", "the body is not JSON: send a JSON object");
  }
}
