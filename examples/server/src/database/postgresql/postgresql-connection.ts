import type { CompiledQuery, DatabaseConnection, QueryResult } from "kysely";
import { DatabaseError, type PoolClient } from "pg";
import { DatabaseUnavailable } from "../database-unavailable.js";

/** What PostgreSQL says where no statement is to blame: lost connections, other transactions, too much at once, a shutdown. */
const UNAVAILABLE = /^(08|25P03|40|53|55P03|57|58)/;

export class PostgresqlConnection implements DatabaseConnection {
  readonly #client: PoolClient;
  #isBroken = false;

  constructor(client: PoolClient) {
    this.#client = client;
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const { command, rows, rowCount } = await this.#query(sql, parameters);
    if (command === "SELECT") return { rows };
    return { rows, numAffectedRows: BigInt(rowCount ?? 0) };
  }

  async command(sql: string): Promise<void> {
    await this.#query(sql);
  }

  async commit(): Promise<void> {
    const { command } = await this.#query("commit");
    // So PostgreSQL takes back a transaction in which something failed, and calls that no error.
    if (command !== "COMMIT") throw new Error("the transaction was not committed");
  }

  /** Gives the connection back to its pool, or ends it where nobody knows what it would answer next. */
  release(): void {
    this.#client.release(this.#isBroken);
  }

  streamQuery(): never {
    throw new Error("this driver does not stream");
  }

  async #query(sql: string, parameters: readonly unknown[] = []) {
    try {
      return await this.#client.query(sql, [...parameters]);
    } catch (error) {
      throw this.#reworded(error);
    }
  }

  #reworded(error: unknown): unknown {
    const isKnown = error instanceof DatabaseError && !UNAVAILABLE.test(error.code ?? "");
    if (!isKnown) {
      this.#isBroken = true;
      return new DatabaseUnavailable(error);
    }
    // These quote rows, which have no place in a log.
    error.detail = undefined;
    error.where = undefined;
    return error;
  }
}
