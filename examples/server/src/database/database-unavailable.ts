import { HttpError } from "../errors.js";

/** Thrown if the database is unreachable or aborted a transaction. The outcome is unknown, and the client may retry. */
export class DatabaseUnavailableError extends HttpError {
  constructor(override readonly cause: unknown) {
    super(503, "ERR_UNAVAILABLE", "the database is not available: retry the request", {
      retry_after: 1,
    });
  }

  static from(error: unknown): DatabaseUnavailableError {
    return error instanceof DatabaseUnavailableError ? error : new DatabaseUnavailableError(error);
  }
}
