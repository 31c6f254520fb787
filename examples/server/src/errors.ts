import { type ErrorResponse, LacreError, ValidationError } from "lacre";
import { RejectionError } from "lacre/server";
import { type ErrorCode, isErrorCode } from "lacre-api";

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

/** A rejected request or frame. The server answers with an ErrorResponse, over HTTP with the status. */
export class HttpError extends RejectionError {
  override readonly name = "HttpError";
  declare readonly code: ErrorCode;

  constructor(
    readonly status: Status,
    code: ErrorCode,
    message: string,
    details?: Record<string, unknown>,
  ) {
    super(code, message, details);
  }
}

/** Returns the error that the client may see. Returns undefined for an internal error of the server. */
export function rejectionOf(error: unknown): HttpError | undefined {
  if (error instanceof HttpError) return error;
  if (error instanceof ValidationError) {
    return new HttpError(422, error.code, error.message, { issues: error.issues });
  }
  // Errors with other codes, such as invalid keys, are internal errors.
  if (error instanceof LacreError && isErrorCode(error.code)) {
    return new HttpError(400, error.code, error.message);
  }
  return undefined;
}

/** Converts an error to the ErrorResponse that the client receives. */
export function errorResponse({ code, message, details }: HttpError): ErrorResponse {
  return {
    error_code: code,
    error_message: message.slice(0, 1000),
    ...(details && { details }),
    timestamp: Date.now() / 1000,
  };
}

export const internalError = new HttpError(
  500,
  "ERR_INTERNAL",
  "internal error: the server has logged it; try the request again",
);

/** Over a WebSocket, the client retries by itself after `retry_after` seconds. */
export const unavailable = new HttpError(
  503,
  "ERR_UNAVAILABLE",
  "internal error: the server has logged it; try again after retry_after seconds",
  { retry_after: 5 },
);

// The same message for unknown chats and chats of other users, so that it does not reveal which chats exist.
const NO_SUCH_CHAT = "there is no such chat, or you are not one of its members";
export const chatNotFound = () => new HttpError(404, "ERR_CHAT_NOT_FOUND", NO_SUCH_CHAT);
export const quotaExceeded = (message: string) => new HttpError(403, "ERR_QUOTA_EXCEEDED", message);
export const notAMember = () => new HttpError(403, "ERR_FORBIDDEN", NO_SUCH_CHAT);
