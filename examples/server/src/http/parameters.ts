import type { Context } from "hono";
import { Refusal } from "../errors.js";
import { assertStorable } from "../json.js";
import { MAX_MESSAGES } from "../messages/list-messages.js";

/** What a parameter of an address or a query is: read by the routes, and told in the API's description. */
export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query";
  readonly description: string;
  readonly schema: Readonly<Record<string, unknown>>;
}

interface IntegerParameter extends Parameter {
  readonly schema: {
    readonly type: "integer";
    readonly minimum: number;
    readonly maximum: number;
    readonly default?: number;
  };
}

/** Enough for the longest username in any form. */
const MAX_TEXT = 256;

export const chatId: IntegerParameter = {
  name: "chat_id",
  in: "path",
  description: "The chat's id",
  schema: { type: "integer", minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
};
export const page = integer("page", "From 1", { minimum: 1, maximum: 1_000_000, default: 1 });
export const afterSeq = integer("after", "A seq that all of them are past", { minimum: 0 });
export const beforeSeq = integer("before", "A seq that none of them has reached", { minimum: 1 });
export const messageLimit = integer("limit", "Most messages in the answer", {
  minimum: 1,
  maximum: MAX_MESSAGES,
  default: MAX_MESSAGES,
});
export const userLimit = integer("limit", "Most users in the answer", {
  minimum: 1,
  maximum: 50,
  default: 50,
});
export const namePrefix = text("q", "The beginning of a name; nothing in it is a wildcard");
export const afterUser = text("after", "The `next` of the page before");
export const accessToken = text("token", "An access token", 8192);
export const ticket = text("ticket", "A ticket from POST /auth/ws-ticket, in place of a token");

/** A whole number of the query. Throws a Refusal. */
export function readInteger(
  { req }: Context,
  { name, schema }: IntegerParameter,
): number | undefined {
  const given = req.query(name);
  if (given === undefined) return schema.default;
  const { minimum, maximum } = schema;
  const value = Number(given);
  if (!/^\d{1,16}$/.test(given) || value < minimum || value > maximum) {
    throw misfit(name, `an integer from ${minimum} to ${maximum}`);
  }
  return value;
}

/** A text of the query, by default an empty one. Throws a Refusal. */
export function readText({ req }: Context, { name }: Parameter): string {
  const given = req.query(name) ?? "";
  assertStorable(given);
  if (given.length > MAX_TEXT) throw misfit(name, `text of at most ${MAX_TEXT} characters`);
  return given;
}

/** The chat that a path names; 0, which no chat has, for what names none. */
export function readChatId({ req }: Context): number {
  const given = req.param(chatId.name) ?? "";
  const value = Number(given);
  return /^[1-9]\d{0,15}$/.test(given) && Number.isSafeInteger(value) ? value : 0;
}

function misfit(name: string, expected: string): Refusal {
  return new Refusal(422, "ERR_VALIDATION", `${name} must be ${expected}`);
}

function integer(
  name: string,
  description: string,
  bounds: { minimum: number; maximum?: number; default?: number },
): IntegerParameter {
  const schema = { type: "integer", maximum: Number.MAX_SAFE_INTEGER, ...bounds } as const;
  return { name, in: "query", description, schema };
}

function text(name: string, description: string, maxLength = MAX_TEXT): Parameter {
  return { name, in: "query", description, schema: { type: "string", maxLength } };
}
