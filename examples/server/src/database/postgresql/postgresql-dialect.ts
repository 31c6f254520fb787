import {
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from "kysely";
import { Pool, types } from "pg";
import { DatabaseUnavailable } from "../database-unavailable.js";
import { PostgresqlConnection } from "./postgresql-connection.js";

/** For a connection, from PostgreSQL or from those who have all of them. */
const CONNECT_PATIENCE_MS = 10_000;

export interface PostgresqlOptions {
  readonly url: string;
  readonly poolSize: number;
  /** Milliseconds that a statement may take, or wait for another one's row; 0 for any time. */
  readonly patience: number;
  /** Hears of connections that are lost while nobody uses them. */
  readonly report: (error: Error) => void;
}

export function postgresqlDialect(options: PostgresqlOptions): Dialect {
  return {
    createDriver: () => new PostgresqlDriver(options),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createAdapter: () => new PostgresAdapter(),
    createIntrospector: (db) => new PostgresIntrospector(db),
  };
}

class PostgresqlDriver implements Driver {
  readonly #pool: Pool;

  constructor({ url, poolSize, patience, report }: PostgresqlOptions) {
    this.#pool = new Pool({
      connectionString: url,
      application_name: "lacre-server",
      max: poolSize,
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_PATIENCE_MS,
      lock_timeout: patience,
      statement_timeout: patience,
      idle_in_transaction_session_timeout: patience,
      // Where the network swallows everything, also what PostgreSQL itself says about the time.
      query_timeout: 2 * patience,
      types: {
        // Ids and counts are far below 2^53.
        getTypeParser: (oid, format) =>
          oid === types.builtins.INT8 ? Number : types.getTypeParser(oid, format),
      },
    });
    this.#pool.on("error", report);
    // One that is lost in the middle of a transaction tells it to who uses it, and then says it once more.
    this.#pool.on("connect", (client) => client.on("error", () => {}));
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<PostgresqlConnection> {
    try {
      return new PostgresqlConnection(await this.#pool.connect());
    } catch (error) {
      throw new DatabaseUnavailable(error);
    }
  }

  async releaseConnection(connection: PostgresqlConnection): Promise<void> {
    connection.release();
  }

  beginTransaction(connection: PostgresqlConnection): Promise<void> {
    return connection.command("begin");
  }

  commitTransaction(connection: PostgresqlConnection): Promise<void> {
    return connection.commit();
  }

  rollbackTransaction(connection: PostgresqlConnection): Promise<void> {
    return connection.command("rollback");
  }

  destroy(): Promise<void> {
    return this.#pool.end();
  }
}
