import { type DestinationStream, type Logger, type LoggerOptions, pino } from "pino";

/** Fields that nothing logs; should something do it one day, they are covered. */
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

/** The server's log: lines of JSON, by default on standard output. */
export function createLog(level: string, destination?: DestinationStream): Logger {
  const options: LoggerOptions = {
    level,
    redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]) },
    serializers: { err: describeError },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** A driver's error also holds statements and the values in them. */
function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error };
  const { name, message, stack, cause } = error;
  const { code } = error as { code?: unknown };
  return {
    type: name,
    message,
    stack,
    ...(typeof code === "string" && { code }),
    ...(cause !== undefined && { cause: describeError(cause) }),
  };
}
