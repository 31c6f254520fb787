import { ErrorResponse, jsonSchemaOverride } from "lacre";
import { ERROR_CODES, type Operation, operations } from "lacre-api";
import * as z from "zod/mini";

type Json = Record<string, unknown>;

/** Descriptions of the error statuses. Each answer has an ErrorResponse. */
const REFUSALS: Readonly<Record<number, string>> = {
  400: "The request is malformed",
  401: "Nobody is logged in, or not with these credentials",
  403: "Not for this user",
  404: "There is no such thing, or it is not for this user",
  409: "It collides with what there is",
  413: "The body is too large",
  415: "The body is of a type that is not read here",
  422: "The request does not fit its schema",
  426: "The address is for WebSockets",
  429: "Too many requests: Retry-After says when to come back",
  500: "The server failed",
  503: "Not now: Retry-After says when to come back",
};

const TAGS: Readonly<Record<Operation["tag"], string>> = {
  identity: "Accounts, tokens and tickets",
  users: "Finding people",
  chats: "Chats of two, and what their keys are derived with",
  messages: "What people write, encrypted",
  operation: "For those who run and call the server",
};

/** Builds the OpenAPI 3.1 document from the schemas with which the routes validate. */
export function openApiDocument(basePath = ""): Json {
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    paths[operation.path] = {
      ...paths[operation.path],
      [operation.method]: describe(operation),
    };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Lacre reference server",
      version: "0.1.0",
      description:
        "Accounts, chats and messages of a chat whose server cannot read it. The protocol is in docs/PROTOCOL.md.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: basePath || "/" }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: { ErrorResponse: errorSchema() },
      securitySchemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
    },
  };
}

function describe(operation: Operation): Json {
  const { id, summary, tag, isPublic, parameters, body, answers } = operation;
  const statuses = refusalsOf(operation).filter((status) => !(status in answers));
  return {
    operationId: id,
    summary,
    tags: [tag],
    security: isPublic ? [] : [{ bearer: [] }],
    ...(parameters && {
      parameters: parameters.map((one) => ({ ...one, required: one.in === "path" })),
    }),
    ...(body && {
      requestBody: { required: true, content: content(operation, jsonSchema(body, "input")) },
    }),
    responses: Object.fromEntries([
      ...Object.entries(answers).map(([status, what]) => [status, answer(operation, what)]),
      ...statuses.map((status) => [status, refusal(status)]),
    ]),
  };
}

function refusalsOf(operation: Operation): number[] {
  const { isPublic, body, parameters = [], refusals = [] } = operation;
  const all = new Set([400, 500, 503, ...refusals]);
  if (!isPublic) all.add(401);
  if (isLimited(operation)) all.add(429);
  if (parameters.some((one) => one.in !== "path")) all.add(422);
  if (body !== undefined) for (const status of [413, 415, 422]) all.add(status);
  return [...all];
}

function isLimited({ isPublic, path }: Operation): boolean {
  return !isPublic || /^\/(auth|ws)\b/.test(path);
}

function answer(operation: Operation, what: Operation["answers"][number]): Json {
  const described = { description: operation.summary, headers: headersOf(operation) };
  if (what === undefined) return described;
  if (typeof what === "string") return { ...described, content: { [what]: { schema: {} } } };
  return { ...described, content: content(operation, jsonSchema(what, "output")) };
}

function headersOf(operation: Operation): Json {
  if (!isLimited(operation)) return {};
  const integer = { schema: { type: "integer" } };
  return {
    "X-RateLimit-Limit": { ...integer, description: "Requests a minute" },
    "X-RateLimit-Remaining": { ...integer, description: "Requests left" },
    "X-RateLimit-Reset": { ...integer, description: "When the minute is over, Unix time" },
  };
}

function refusal(status: number): Json {
  const schema = { $ref: "#/components/schemas/ErrorResponse" };
  const content = { "application/json": { schema } };
  const description = REFUSALS[status];
  if (status !== 429 && status !== 503) return { description, content };
  const retryAfter = { schema: { type: "integer" }, description: "In seconds" };
  return { description, content, headers: { "Retry-After": retryAfter } };
}

function errorSchema(): Json {
  const schema = jsonSchema(ErrorResponse.schema, "output");
  const meanings = Object.entries(ERROR_CODES).map(([code, meaning]) => `- ${code}: ${meaning}`);
  const error_code = { enum: Object.keys(ERROR_CODES), description: meanings.join("\n") };
  return { ...schema, properties: { ...(schema.properties as Json), error_code } };
}

function content({ hasFrames }: Operation, schema: Json): Json {
  return {
    "application/json": { schema },
    ...(hasFrames && { "application/msgpack": { schema: { description: "A frame of lacre's" } } }),
  };
}

function jsonSchema(schema: z.ZodMiniType, io: "input" | "output"): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    override: jsonSchemaOverride,
    unrepresentable: "any",
  });
  return rest as Json;
}
