import {
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from "kysely";
import { Pool, types } from "pg";
import { DatabaseUnavailableError } from "../database-unavailable.js";
import { PostgresqlConnection } from "./postgresql-connection.js";

/** Milliseconds to wait for a new connection or for a free one in the pool. */
const CONNECT_TIMEOUT_MS = 10_000;

export interface PostgresqlOptions {
  readonly url: string;
  readonly poolSize: number;
  /** Milliseconds that a statement may take or wait for a lock; 0 disables the timeout. */
  readonly timeout: number;
  /** Receives errors of idle connections. */
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

  constructor({ url, poolSize, timeout, report }: PostgresqlOptions) {
    this.#pool = new Pool({
      connectionString: url,
      application_name: "lacre-server",
      max: poolSize,
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      lock_timeout: timeout,
      statement_timeout: timeout,
      idle_in_transaction_session_timeout: timeout,
      // Client-side timeout, for a network that drops PostgreSQL's own timeout errors.
      query_timeout: 2 * timeout,
      types: {
        // Safe as numbers: ids and counts are far below 2^53.
        getTypeParser: (oid, format) =>
          oid === types.builtins.INT8 ? Number : types.getTypeParser(oid, format),
      },
    });
    this.#pool.on("error", report);
    // A connection lost during a transaction rejects the query and also emits `error`. Ignore the event.
    this.#pool.on("connect", (client) => client.on("error", () => {}));
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<PostgresqlConnection> {
    try {
      return new PostgresqlConnection(await this.#pool.connect());
    } catch (error) {
      throw new DatabaseUnavailableError(error);
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
