import { type ErrorResponse, LacreError, ValidationError } from "lacre";
import { type ErrorCode, isErrorCode } from "./error-codes.js";

type Status =
  | 400
  | 401
  | 403
  | 404
  | 405
  | 408
  | 409
  | 413
  | 415
  | 422
  | 426
  | 429
  | 431
  | 500
  | 503;

/** Why something is refused: what becomes an ErrorResponse, over HTTP with a status. */
export class Refusal extends Error {
  override readonly name = "Refusal";

  constructor(
    readonly status: Status,
    readonly code: ErrorCode,
    message: string,
    readonly details?: Record<string, unknown>,
  ) {
    super(message);
  }
}

/** What whoever asked may know of an error; undefined for one that is the server's own fault. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error;
  if (error instanceof ValidationError) {
    return new Refusal(422, error.code, error.message, { issues: error.issues });
  }
  // Errors of keys are the server's own.
  if (error instanceof LacreError && isErrorCode(error.code)) {
    return new Refusal(400, error.code, error.message);
  }
  return undefined;
}

export function errorResponse({ code, message, details }: Refusal): ErrorResponse {
  return {
    error_code: code,
    error_message: message.slice(0, 1000),
    ...(details && { details }),
    timestamp: Date.now() / 1000,
  };
}

export const internalError = new Refusal(
  500,
  "ERR_INTERNAL",
  "the server failed; it is in its log, and the request may be tried again",
);

/** Over a WebSocket the client itself asks again, after so many seconds. */
export const unavailable = new Refusal(
  503,
  "ERR_UNAVAILABLE",
  "the server failed; it is in its log, and the same may be asked again",
  { retry_after: 5 },
);

// The same for a chat that is not there and for a stranger's: nobody learns which chats exist.
const NO_SUCH_CHAT = "there is no such chat, or you are not one of its members";
export const chatNotFound = () => new Refusal(404, "ERR_CHAT_NOT_FOUND", NO_SUCH_CHAT);
export const notAMember = () => new Refusal(403, "ERR_FORBIDDEN", NO_SUCH_CHAT);
