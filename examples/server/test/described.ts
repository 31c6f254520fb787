import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { openApiDocument } from "../src/http/openapi.js";
import { operations } from "../src/http/operations.js";

interface Described {
  readonly responses: Record<string, { readonly content?: Record<string, { schema: object }> }>;
}

const document = openApiDocument() as unknown as {
  readonly paths: Record<string, Record<string, Described>>;
  readonly components: object;
};
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
const validators = new Map<object, ValidateFunction>();

/** Holds an answer against the API's description. What has no operation may only be refused. */
export function assertDescribed(
  method: string,
  address: string,
  status: number,
  body: unknown,
): void {
  const path = address.split("?")[0]!;
  const operation = operations.find(
    (one) =>
      one.method === method.toLowerCase() &&
      new RegExp(`^${one.path.replace(/\{\w+\}/g, "[^/]+")}$`).test(path),
  );
  if (operation === undefined) {
    if (status < 400) throw new Error(`${method} ${path} is not described`);
    return;
  }
  const described = document.paths[operation.path]![operation.method]!.responses[status];
  if (described === undefined) throw new Error(`${method} ${path} answers ${status}, undescribed`);
  const schema = described.content?.["application/json"]?.schema;
  if (schema === undefined) return;
  const validate = validators.get(schema) ?? compile(schema);
  validators.set(schema, validate);
  if (!validate(body)) {
    throw new Error(`${method} ${path} ${status}: ${ajv.errorsText(validate.errors)}`);
  }
}

function compile(schema: object): ValidateFunction {
  return ajv.compile({ ...schema, components: document.components });
}
