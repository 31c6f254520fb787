import type { Context } from "hono";
import { HttpError } from "../errors.js";
import { assertStorable } from "../json.js";
import { MAX_MESSAGES } from "../messages/list-messages.js";
import { MAX_AUTO_DELETE_HOURS } from "./bodies.js";

/** A parameter in a path, query or header. The routes read it, and the OpenAPI document describes it. */
export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
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

const REQUEST_TAG_BYTES = 32;

/** Maximum characters of a query text: enough for every username. */
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
export const autoDeleteHours = integer("auto_delete_hours", "The new setting; by default never", {
  minimum: 1,
  maximum: MAX_AUTO_DELETE_HOURS,
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

export const requestTag: Parameter = {
  name: "Lacre-Request",
  in: "header",
  description:
    "32 random bytes in base64, which an answer in a frame repeats; required for one where the request is not in a frame itself",
  schema: { type: "string", contentEncoding: "base64", minLength: 44, maxLength: 44 },
};

/**
 * Reads the request tag from its header, for a request that is not a frame.
 *
 * @throws {HttpError} if the header is not 32 bytes in base64.
 */
export function readRequestTag({ req }: Context): Uint8Array {
  const given = req.header(requestTag.name) ?? "";
  const bytes = Buffer.from(given, "base64");
  // Compare with the input, because decoding ignores invalid characters.
  if (bytes.length !== REQUEST_TAG_BYTES || bytes.toString("base64") !== given) {
    throw misfit(requestTag.name, `a header of ${REQUEST_TAG_BYTES} bytes in base64`);
  }
  return new Uint8Array(bytes);
}

/**
 * Reads an integer from the query.
 *
 * @throws {HttpError} if it is not an integer in range.
 */
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

/**
 * Reads a text from the query, empty by default.
 *
 * @throws {HttpError} if it is too long or contains U+0000.
 */
export function readText({ req }: Context, { name }: Parameter): string {
  const given = req.query(name) ?? "";
  assertStorable(given);
  if (given.length > MAX_TEXT) throw misfit(name, `text of at most ${MAX_TEXT} characters`);
  return given;
}

/** Reads the chat id from the path. Returns 0, which no chat has, if it is invalid. */
export function readChatId({ req }: Context): number {
  const given = req.param(chatId.name) ?? "";
  const value = Number(given);
  return /^[1-9]\d{0,15}$/.test(given) && Number.isSafeInteger(value) ? value : 0;
}

function misfit(name: string, expected: string): HttpError {
  return new HttpError(422, "ERR_VALIDATION", `${name} must be ${expected}`);
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
