import { ErrorResponse, jsonSchemaOverride } from "lacre";
import { ERROR_CODES, type Operation, operations } from "lacre-api";
import * as z from "zod/mini";

type Json = Record<string, unknown>;

/** Descriptions of the error statuses. Each answer has an ErrorResponse. */
const ERROR_DESCRIPTIONS: Readonly<Record<number, string>> = {
  400: "The request is malformed",
  401: "The token or the credentials are missing or invalid",
  403: "The user may not do this",
  404: "Not found, or not accessible to the user",
  409: "Conflict with existing data",
  413: "The body is too large",
  415: "The type of the body is not supported",
  422: "The request does not match its schema",
  426: "The endpoint is a WebSocket",
  429: "Too many requests: try again after Retry-After seconds",
  500: "Internal error of the server",
  503: "Temporarily unavailable: try again after Retry-After seconds",
};

const TAGS: Readonly<Record<Operation["tag"], string>> = {
  identity: "Accounts, tokens and tickets",
  users: "The own account, and the search for users",
  chats: "Chats of two users and their key parameters",
  messages: "Encrypted messages",
  devices: "Device logs of users, and key packages of their devices",
  operation: "Operation of the server",
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
        "Accounts, chats and messages of an end-to-end encrypted chat. docs/PROTOCOL.md describes the protocol.",
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
  const statuses = errorStatusesOf(operation).filter((status) => !(status in answers));
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
      ...statuses.map((status) => [status, errorAnswer(status)]),
    ]),
  };
}

function errorStatusesOf(operation: Operation): number[] {
  const { isPublic, body, parameters = [], rejections = [] } = operation;
  const all = new Set([400, 500, 503, ...rejections]);
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
    "X-RateLimit-Limit": { ...integer, description: "Maximum requests per minute" },
    "X-RateLimit-Remaining": { ...integer, description: "Remaining requests" },
    "X-RateLimit-Reset": { ...integer, description: "Unix time at which the limit resets" },
  };
}

function errorAnswer(status: number): Json {
  const schema = { $ref: "#/components/schemas/ErrorResponse" };
  const content = { "application/json": { schema } };
  const description = ERROR_DESCRIPTIONS[status];
  if (status !== 429 && status !== 503) return { description, content };
  const retryAfter = { schema: { type: "integer" }, description: "Seconds" };
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
    ...(hasFrames && { "application/msgpack": { schema: { description: "A frame of lacre" } } }),
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
