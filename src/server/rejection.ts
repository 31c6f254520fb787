import { objectArgument, textArgument } from "../arguments.js";
import { LacreError, ValidationError } from "../errors.js";
import type { ErrorResponse } from "../messages/error-response.js";

/**
 * A request of a client that the server rejects. The client receives the code, the message and the details, so that they must
 * not contain secrets. A store and the hook `admit` throw it.
 *
 * ```ts
 * const busy = new RejectionError("ERR_RATE_LIMITED", "too many messages", { retry_after: 5 });
 * ```
 */
export class RejectionError extends Error {
  override readonly name: string = "RejectionError";
  /** A code of S-14 of docs/PROTOCOL.md, or one of the server's own. From 1 to 64 characters. */
  readonly code: string;
  /** `retry_after`, in seconds, if the same request may succeed later. The connection adds the fields of S-14. */
  readonly details: Readonly<Record<string, unknown>> | undefined;

  /**
   * `message` says to people what is wrong and what to do. The client receives its first 1,000 characters.
   *
   * @throws {ValidationError} if an argument has another type.
   */
  constructor(code: string, message: string, details?: Readonly<Record<string, unknown>>) {
    super(textArgument(message, "message"));
    this.code = textArgument(code, "code");
    this.details = details && Object.freeze({ ...objectArgument(details, "details") });
  }
}

const MAX_MESSAGE_UNITS = 1000;
/** Seconds after which a client repeats a request that the server failed to handle. */
const RETRY_AFTER = 5;

/** Returns the rejection of a request that the server failed to handle. It does not reveal the reason. */
export function unavailable(): RejectionError {
  return new RejectionError(
    "ERR_UNAVAILABLE",
    "the server could not handle this: try again after retry_after seconds",
    { retry_after: RETRY_AFTER },
  );
}

/** Returns the same rejection for an unknown chat and one of other users, so that it does not reveal which chats exist. */
export function notAMember(): RejectionError {
  return new RejectionError(
    "ERR_FORBIDDEN",
    "there is no such chat, or you are not one of its members",
  );
}

/** Returns the rejection of a frame that does not open or has an invalid payload. Returns other errors unchanged. */
export function invalidFrame(error: unknown): unknown {
  if (!(error instanceof LacreError)) return error;
  const details = error instanceof ValidationError ? { issues: error.issues } : undefined;
  return new RejectionError(error.code, error.message, details);
}

/** Returns the fields of the error that the client receives. `subject` names the rejected request. */
export function errorOf(
  { code, message, details }: RejectionError,
  subject: Readonly<Record<string, unknown>>,
): Pick<ErrorResponse, "error_code" | "error_message" | "details"> {
  return {
    error_code: code,
    error_message: message.slice(0, MAX_MESSAGE_UNITS),
    details: { ...details, ...subject },
  };
}
