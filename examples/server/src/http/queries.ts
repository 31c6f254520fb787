import type { Context } from "hono";
import { Refusal } from "../errors.js";

/** A whole number of the query, within bounds. Throws a Refusal. */
export function readCount<Otherwise extends number | undefined>(
  context: Context,
  name: string,
  otherwise: Otherwise,
  { least = 0, most = Number.MAX_SAFE_INTEGER } = {},
): number | Otherwise {
  const text = context.req.query(name);
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most) {
    throw new Refusal(422, "ERR_VALIDATION", `${name} must be an integer from ${least} to ${most}`);
  }
  return value;
}

/** The chat that a path names; 0, which no chat has, for what names none. */
export function chatIdOf(context: Context): number {
  const text = context.req.param("chat_id") ?? "";
  return /^[1-9]\d{0,15}$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : 0;
}
