import type { Context } from "hono";
import type { MessageDefinition, PayloadSchema } from "lacre";
import { HttpError } from "./errors.js";

type Status = 200 | 201 | HttpError["status"];

/** Maximum bytes of a body, except for messages. */
const MAX_BODY_BYTES = 64 * 1024;
/**
 * Maximum bytes of a body beyond its limit that are read, and not kept. A body that is not read to its end closes the connection
 * half a second later, perhaps while the client sends its next request.
 */
const MAX_DISCARDED_BYTES = 1024 * 1024;

/** Answers with JSON. Bytes become base64 text, which lacre's schemas accept. */
export function answer(context: Context, value: unknown, status: Status = 200): Response {
  const text = toJson(value);
  return context.body(text, status, {
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(text)),
  });
}

export function toJson(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, key, serialised) {
    const original = this[key];
    return original instanceof Uint8Array ? Buffer.from(original).toString("base64") : serialised;
  });
}

/**
 * Reads and validates the request's JSON body.
 *
 * @throws {HttpError} if the body is not JSON or is too large.
 * @throws {ValidationError} if it does not match the schema.
 */
export async function readBody<Type extends string, Schema extends PayloadSchema>(
  context: Context,
  definition: MessageDefinition<Type, Schema>,
  maxBytes = MAX_BODY_BYTES,
) {
  if (mediaType(context.req.header("content-type")) !== "application/json") {
    throw new HttpError(
      415,
      "ERR_MEDIA_TYPE",
      "unsupported Content-Type: send the body as application/json",
    );
  }
  const bytes = await readBytes(context, maxBytes);
  return definition.parse(parse(bytes));
}

function parse(bytes: Uint8Array): unknown {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return JSON.parse(text, (_, value) => {
      assertStorable(value);
      return value;
    });
  } catch (error) {
    if (error instanceof HttpError) throw error;
    throw new HttpError(400, "ERR_MALFORMED_JSON", "the body is not JSON: send a JSON object");
  }
}

/**
 * Rejects text with U+0000, which PostgreSQL cannot store.
 *
 * @throws {HttpError} if the text contains U+0000.
 */
export function assertStorable(value: unknown): void {
  if (typeof value === "string" && value.includes("\0")) {
    throw new HttpError(422, "ERR_VALIDATION", "text must not contain the character U+0000");
  }
}

/**
 * Reads the request's body, at most `maxBytes` bytes.
 *
 * @throws {HttpError} if the body is compressed, too large or incomplete.
 */
export async function readBytes({ req }: Context, maxBytes: number): Promise<Uint8Array> {
  const encoding = req.header("content-encoding") ?? "identity";
  if (encoding.toLowerCase() !== "identity") {
    throw new HttpError(
      415,
      "ERR_MEDIA_TYPE",
      "compressed bodies are not supported: send the body without Content-Encoding",
    );
  }
  const tooLarge = new HttpError(
    413,
    "ERR_BODY_TOO_LARGE",
    `the body exceeds ${maxBytes} bytes: send a smaller one`,
  );
  if (Number(req.header("content-length") ?? 0) > maxBytes) throw tooLarge;
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of req.raw.body ?? []) {
      size += chunk.length;
      if (size > maxBytes + MAX_DISCARDED_BYTES) throw tooLarge;
      if (size <= maxBytes) chunks.push(chunk);
    }
  } catch (error) {
    if (error === tooLarge) throw error;
    throw new HttpError(
      400,
      "ERR_MALFORMED_REQUEST",
      "the body is incomplete: send the request again",
    );
  }
  if (size > maxBytes) throw tooLarge;
  return Buffer.concat(chunks);
}

/** Returns the media type of a header, without parameters. */
export function mediaType(header = ""): string {
  return header.split(";")[0]!.trim().toLowerCase();
}
