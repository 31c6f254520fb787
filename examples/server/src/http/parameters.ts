import type { Context } from "hono";
import { parameters } from "lacre-api";
import { HttpError } from "../errors.js";
import { assertStorable } from "../json.js";

const { chatId, device, historyChatId, historyFirstSeq, historyKeyId } = parameters;
const { MAX_TEXT, requestTag, userId } = parameters;

const REQUEST_TAG_BYTES = 32;

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
    throw invalid(requestTag.name, `a header of ${REQUEST_TAG_BYTES} bytes in base64`);
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
  { name, schema }: parameters.IntegerParameter,
): number | undefined {
  const given = req.query(name);
  if (given === undefined) return schema.default;
  const { minimum, maximum } = schema;
  const value = Number(given);
  if (!/^\d{1,16}$/.test(given) || value < minimum || value > maximum) {
    throw invalid(name, `an integer from ${minimum} to ${maximum}`);
  }
  return value;
}

/**
 * Reads a text from the query, empty by default.
 *
 * @throws {HttpError} if it is too long or contains U+0000.
 */
export function readText({ req }: Context, { name }: parameters.Parameter): string {
  const given = req.query(name) ?? "";
  assertStorable(given);
  if (given.length > MAX_TEXT) throw invalid(name, `text of at most ${MAX_TEXT} characters`);
  return given;
}

/** Reads the chat id from the path. Returns 0, which no chat has, if it is invalid. */
export function readChatId(context: Context): number {
  return readId(context, chatId);
}

/** Reads a user id from the path. Returns 0, which no user has, if it is invalid. */
export function readUserId(context: Context): number {
  return readId(context, userId);
}

function readId({ req }: Context, { name }: parameters.Parameter): number {
  const given = req.param(name) ?? "";
  const value = Number(given);
  return /^[1-9]\d{0,15}$/.test(given) && Number.isSafeInteger(value) ? value : 0;
}

/** Reads the id of a device from the path. Returns an empty text, which no device has, if it is invalid. */
export function readDevice(context: Context): string {
  return readDigits(context, device);
}

/** Reads the id of a history key from the path. Returns an empty text, which no key has, if it is invalid. */
export function readHistoryKeyId(context: Context): string {
  return readDigits(context, historyKeyId);
}

function readDigits({ req }: Context, { name }: parameters.Parameter): string {
  const given = req.param(name) ?? "";
  return /^[0-9a-f]{32}$/.test(given) ? given : "";
}

/** Reads where a chunk of the history is from the path. Returns undefined if it is invalid. */
export function readChunkNumbers(
  context: Context,
): { chat_id: number; first_seq: number } | undefined {
  const [chat_id, first_seq] = [historyChatId, historyFirstSeq].map((parameter) =>
    context.req.param(parameter.name) === "0" ? 0 : readId(context, parameter) || undefined,
  );
  if (chat_id === undefined || first_seq === undefined) return undefined;
  return { chat_id, first_seq };
}

function invalid(name: string, expected: string): HttpError {
  return new HttpError(422, "ERR_VALIDATION", `${name} must be ${expected}`);
}
