import { MAX_AUTO_DELETE_HOURS } from "./bodies.js";

/** A parameter in a path, query or header. The routes read it, and the OpenAPI document describes it. */
export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly description: string;
  readonly schema: Readonly<Record<string, unknown>>;
}

export interface IntegerParameter extends Parameter {
  readonly schema: {
    readonly type: "integer";
    readonly minimum: number;
    readonly maximum: number;
    readonly default?: number;
  };
}

/** Maximum messages in one answer. */
export const MAX_MESSAGES = 100;

/** Maximum characters of a query text: enough for every username. */
export const MAX_TEXT = 256;

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
