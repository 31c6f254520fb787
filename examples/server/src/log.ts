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
    formatters: { log: bounded },
    hooks: { streamWrite: escapeActing },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/**
 * What JSON lets stand as it is and a terminal acts on, or shows in another order: DEL, the C1 controls, line separators and
 * the controls of direction. Clients write it into addresses and headers.
 */
const ACTING = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

function escapeActing(line: string): string {
  return line.replace(
    ACTING,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Maximum characters of one value, and of a stack trace. */
const MOST_CHARACTERS = 300;
const MOST_OF_STACK = 2000;

/** Shortens long strings, because clients choose the length of the URLs, headers and names in the log. */
function bounded(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === "string" ? shortened(value) : value,
    ]),
  );
}

function shortened(text: string, most = MOST_CHARACTERS): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

/** Returns the loggable fields of an error. Omits others, because database errors contain statements and their values. */
function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error };
  const { name, message, stack, cause } = error;
  const { code } = error as { code?: unknown };
  return {
    type: name,
    message: shortened(message),
    stack: shortened(stack ?? "", MOST_OF_STACK),
    ...(typeof code === "string" && { code }),
    ...(cause !== undefined && { cause: describeError(cause) }),
  };
}
