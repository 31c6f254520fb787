import { Refusal } from "../errors.js";

/** The database is away, or gave this up in favour of others. Whether it was done is unknown; it may be asked again. */
export class DatabaseUnavailable extends Refusal {
  constructor(override readonly cause: unknown) {
    super(503, "ERR_UNAVAILABLE", "the database does not answer now: ask the same again", {
      retry_after: 1,
    });
  }

  static from(error: unknown): DatabaseUnavailable {
    return error instanceof DatabaseUnavailable ? error : new DatabaseUnavailable(error);
  }
}
