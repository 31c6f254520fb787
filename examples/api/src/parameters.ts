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

/** Maximum length of a query text, enough for each username. */
export const MAX_TEXT = 256;

export const chatId: IntegerParameter = {
  name: "chat_id",
  in: "path",
  description: "Id of the chat",
  schema: { type: "integer", minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
};
export const userId: IntegerParameter = {
  name: "user_id",
  in: "path",
  description: "Id of the user",
  schema: { type: "integer", minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
};
export const device: Parameter = {
  name: "device",
  in: "path",
  description: "Id of the device: 32 lower-case hexadecimal digits",
  schema: { type: "string", pattern: "^[0-9a-f]{32}$" },
};
export const afterEntry = integer("after", "Only entries with a greater seq", {
  minimum: 0,
  default: 0,
});
export const ownDevice: Parameter = { ...device, in: "query" };
export const invitationId: IntegerParameter = {
  name: "invitation_id",
  in: "path",
  description: "Id of the invitation",
  schema: { type: "integer", minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
};
export const afterInvitation = integer("after", "Only invitations with a greater id", {
  minimum: 0,
  default: 0,
});
export const historyKeyId: Parameter = {
  name: "to",
  in: "path",
  description: "Id of the history key: 32 lower-case hexadecimal digits",
  schema: { type: "string", pattern: "^[0-9a-f]{32}$" },
};
export const historyChatId: IntegerParameter = {
  name: "chat_id",
  in: "path",
  description: "Id of the chat; 0 for pinned device logs",
  schema: { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
};
export const historyFirstSeq: IntegerParameter = {
  name: "first_seq",
  in: "path",
  description: "First seq of the chunk; 0 for pinned device logs",
  schema: { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
};
export const afterChunk = integer("after", "Only chunks with a greater id", {
  minimum: 0,
  default: 0,
});
export const page = integer("page", "Number of the page, from 1", {
  minimum: 1,
  maximum: 1_000_000,
  default: 1,
});
export const includeMls = integer("mls", "1: also MLS chats. 0: only chats with a passphrase", {
  minimum: 0,
  maximum: 1,
  default: 0,
});
export const afterSeq = integer("after", "Only messages with a greater seq", { minimum: 0 });
export const beforeSeq = integer("before", "Only messages with a smaller seq", { minimum: 1 });
export const messageLimit = integer("limit", "Maximum number of messages", {
  minimum: 1,
  maximum: MAX_MESSAGES,
  default: MAX_MESSAGES,
});
export const autoDeleteHours = integer(
  "auto_delete_hours",
  "The new setting. Without it, messages are never deleted",
  {
    minimum: 1,
    maximum: MAX_AUTO_DELETE_HOURS,
  },
);
export const userLimit = integer("limit", "Maximum number of users", {
  minimum: 1,
  maximum: 50,
  default: 50,
});
export const namePrefix = text("q", "Prefix of a username. Wildcards have no effect");
export const afterUser = text("after", "`next` of the previous page");
export const accessToken = text("token", "An access token", 8192);
export const ticket = text("ticket", "A ticket of POST /auth/ws-ticket, instead of a token");

export const requestTag: Parameter = {
  name: "Lacre-Request",
  in: "header",
  description:
    "32 random bytes in base64, which the answer repeats. Required if only the answer is a frame",
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
