import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { operationsAt } from "lacre-api";
import { openApiDocument } from "../src/http/openapi.js";

interface DescribedOperation {
  readonly responses: Record<string, { readonly content?: Record<string, { schema: object }> }>;
}

const document = openApiDocument() as unknown as {
  readonly paths: Record<string, Record<string, DescribedOperation>>;
  readonly components: object;
};
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
const validators = new Map<object, ValidateFunction>();
const errorSchema = { $ref: "#/components/schemas/ErrorResponse" };

/** Throws if an answer does not match the OpenAPI document. Without an operation for its path, the answer must be an error. */
export function assertMatchesOpenApi(
  method: string,
  address: string,
  answer: Response,
  body: string,
): void {
  const path = address.split("?")[0]!;
  const what = `${method} ${path} answers ${answer.status}`;
  const type = answer.headers.get("content-type")?.split(";")[0];
  const isHead = method === "HEAD" || method === "OPTIONS";
  const operation = operationsAt(path).find((one) => one.method === method.toLowerCase());
  if (isHead || path.startsWith("/docs/")) return;
  if (operation === undefined) {
    if (answer.status < 400) throw new Error(`${what}, but the path has no operation`);
    return assertValid(what, errorSchema, body);
  }
  const described = document.paths[operation.path]![operation.method]!.responses[answer.status];
  if (described === undefined) throw new Error(`${what}, a status that is not described`);
  if (described.content === undefined) {
    if (body !== "") throw new Error(`${what} with a body that is not described`);
    return;
  }
  const schema = described.content[type ?? ""]?.schema;
  if (schema === undefined) throw new Error(`${what} with ${type}, a type that is not described`);
  if (type === "application/json") assertValid(what, schema, body);
}

function assertValid(what: string, schema: object, body: string): void {
  const validate = validators.get(schema) ?? compile(schema);
  validators.set(schema, validate);
  if (!validate(JSON.parse(body))) throw new Error(`${what}: ${ajv.errorsText(validate.errors)}`);
}

function compile(schema: object): ValidateFunction {
  return ajv.compile({ ...schema, components: document.components });
}
