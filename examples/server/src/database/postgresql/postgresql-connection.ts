import type { DatabaseConnection, QueryResult } from "kysely";
import { DatabaseError, type PoolClient } from "pg";
import { DatabaseUnavailableError } from "../database-unavailable.js";
import type { NamedQuery } from "../prepared-query.js";

/**
 * SQLSTATEs of errors that the statement did not cause. Connection and server: lost connection (08), read-only database such
 * as a standby (25006), insufficient resources (53), shutdown or cancelled statement (57), system errors (58). Concurrency:
 * transaction timeouts (25P03, 25P04), serialization conflicts and deadlocks (40), lock timeout (55P03).
 */
const UNAVAILABLE = /^(08|25006|25P0[34]|40|53|55P03|57|58)/;

export class PostgresqlConnection implements DatabaseConnection {
  readonly #client: PoolClient;
  #isBroken = false;

  constructor(client: PoolClient) {
    this.#client = client;
  }

  async executeQuery<Row>({ name, sql, parameters }: NamedQuery): Promise<QueryResult<Row>> {
    const { command, rows, rowCount } = await this.#query(sql, { name, parameters });
    if (command === "SELECT") return { rows };
    return { rows, numAffectedRows: BigInt(rowCount ?? 0) };
  }

  async command(sql: string): Promise<void> {
    await this.#query(sql);
  }

  async commit(): Promise<void> {
    const { command } = await this.#query("commit");
    // PostgreSQL answers ROLLBACK, without an error, if a statement of the transaction failed.
    if (command !== "COMMIT") throw new Error("the transaction was not committed");
  }

  /** Returns the connection to its pool, or closes it after a connection error. */
  release(): void {
    this.#client.release(this.#isBroken);
  }

  streamQuery(): never {
    throw new Error("this driver does not support streaming");
  }

  async #query(
    text: string,
    { name, parameters = [] }: { name?: string | undefined; parameters?: readonly unknown[] } = {},
  ) {
    try {
      return await this.#client.query({
        ...{ text, values: [...parameters] },
        ...(name !== undefined && { name }),
      });
    } catch (error) {
      throw this.#toServerError(error);
    }
  }

  #toServerError(error: unknown): unknown {
    const isKnown = error instanceof DatabaseError && !UNAVAILABLE.test(error.code ?? "");
    if (!isKnown) {
      this.#isBroken = true;
      return new DatabaseUnavailableError(error);
    }
    // Remove the fields that quote row values, so that these do not reach the log.
    error.detail = undefined;
    error.where = undefined;
    return error;
  }
}
