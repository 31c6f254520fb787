import { HttpError } from "../errors.js";

/** SQLSTATEs of transactions that others stopped: serialization conflict, deadlock, lock timeout, statement timeout. */
const STOPPED = new Set<unknown>(["40001", "40P01", "55P03", "57014"]);

/** Thrown if the database is unreachable or aborted a transaction. The outcome is unknown, and the client may retry. */
export class DatabaseUnavailableError extends HttpError {
  constructor(override readonly cause: unknown) {
    super(503, "ERR_UNAVAILABLE", "the database is not available: retry the request", {
      retry_after: 1,
    });
  }

  /** Whether this transaction only was aborted, so that another one may succeed. */
  get isOfTransaction(): boolean {
    return STOPPED.has((this.cause as { readonly code?: unknown } | undefined)?.code);
  }

  static from(error: unknown): DatabaseUnavailableError {
    return error instanceof DatabaseUnavailableError ? error : new DatabaseUnavailableError(error);
  }
}
