import { type DestinationStream, type Logger, type LoggerOptions, pino } from "pino";

/** Fields to redact, in case a log line ever contains them. */
const SECRETS = [
  "authorization",
  "cookie",
  "password",
  "token",
  "access_token",
  "refresh_token",
  "ticket",
  "session_key",
  "secret",
  "query",
];

/** Creates the server's log: lines of JSON, on standard output by default. */
export function createLog(level: string, destination?: DestinationStream): Logger {
  const options: LoggerOptions = {
    level,
    redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]) },
    serializers: { err: describeError },
    formatters: { log: truncateFields },
    hooks: { streamWrite: escapeControls },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/**
 * Characters that JSON does not escape, but that control a terminal or the direction of text: DEL, C1 controls, line
 * separators and directional controls. A client can put them into URLs and headers.
 */
const CONTROLS = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

function escapeControls(line: string): string {
  return line.replace(
    CONTROLS,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Maximum characters of a value. */
const MAX_VALUE_LENGTH = 300;
/** Maximum characters of a stack trace. */
const MAX_STACK_LENGTH = 2000;

/** Truncates long strings, because clients choose the length of the URLs, headers and names in the log. */
function truncateFields(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === "string" ? truncate(value) : value,
    ]),
  );
}

function truncate(text: string, maxLength = MAX_VALUE_LENGTH): string {
  return text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
}

/** Returns the loggable fields of an error. Omits others, because database errors contain statements and their values. */
function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error };
  const { name, message, stack, cause } = error;
  const { code } = error as { code?: unknown };
  return {
    type: name,
    message: truncate(message),
    stack: truncate(stack ?? "", MAX_STACK_LENGTH),
    ...(typeof code === "string" && { code }),
    ...(cause !== undefined && { cause: describeError(cause) }),
  };
}
