import type { CompiledQuery, QueryResult } from "kysely";
import Database from "libsql";
import AsyncDatabase from "libsql/promise";
import { DatabaseUnavailableError } from "../database-unavailable.js";

/** Milliseconds to wait while SQLite briefly locks the file. */
const FILE_LOCK_TIMEOUT_MS = 5000;

/** Maximum compiled statements in the cache. The server itself uses far fewer. */
const MAX_STATEMENTS = 500;

/** Errors that the statement did not cause, such as a full disk or a lock of another process. */
const UNAVAILABLE = /^SQLITE_(BUSY|LOCKED|FULL|IOERR|NOMEM|CANTOPEN|READONLY)/;

interface Compiled {
  readonly statement: Database.Statement;
  readonly isReader: boolean;
}

/** One connection to a SQLite file, synchronous but for commits, with a cache of compiled statements. */
export class SqliteConnection {
  readonly #database: Database.Database;
  readonly #statements = new Map<string, Compiled>();

  constructor(path: string) {
    this.#database = new Database(path, { timeout: FILE_LOCK_TIMEOUT_MS });
  }

  get isInTransaction(): boolean {
    return this.#database.inTransaction;
  }

  /** Sets a pragma. */
  set(pragma: string): void {
    this.#database.pragma(pragma);
  }

  command(sql: string): void {
    translateErrors(() => this.#database.exec(sql));
  }

  /**
   * Commits the transaction in another thread, so that the event loop does not wait for the disk. Until it settles, nothing else may use
   * the connection.
   */
  async commit(): Promise<void> {
    try {
      // Both classes of libsql have the same connection. The other one also compiles statements in another thread, which takes longer.
      await AsyncDatabase.prototype.exec.call(this.#database as never, "commit");
    } catch (error) {
      throw translated(error);
    }
  }

  execute<Row>({ sql, parameters }: CompiledQuery): QueryResult<Row> {
    parameters.forEach(assertBindable);
    return translateErrors(() => {
      const { statement, isReader } = this.#prepare(sql);
      if (isReader) return { rows: statement.all(parameters).map(withByteArrays) as Row[] };
      return { rows: [], numAffectedRows: BigInt(statement.run(parameters).changes) };
    });
  }

  close(): void {
    this.#database.close();
  }

  #prepare(sql: string): Compiled {
    let compiled = this.#statements.get(sql);
    if (compiled === undefined) {
      const statement = this.#database.prepare(sql);
      compiled = { statement, isReader: statement.reader };
      if (this.#statements.size === MAX_STATEMENTS) this.#statements.clear();
      this.#statements.set(sql, compiled);
    }
    return compiled;
  }
}

/** Rejects unsupported values, because libsql aborts the process on a boolean. */
function assertBindable(value: unknown): void {
  const isBindable =
    value === null ||
    typeof value === "string" ||
    typeof value === "number" ||
    value instanceof Uint8Array;
  if (!isBindable) throw new TypeError(`SQLite cannot store a value of type ${typeof value}`);
}

/** Converts the ArrayBuffers that libsql returns for blobs to Uint8Arrays. */
function withByteArrays(row: unknown): unknown {
  const columns = row as Record<string, unknown>;
  for (const column in columns) {
    const value = columns[column];
    if (value instanceof ArrayBuffer) columns[column] = new Uint8Array(value);
  }
  return columns;
}

/** Converts errors that the statement did not cause to DatabaseUnavailableError. */
function translateErrors<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw translated(error);
  }
}

function translated(error: unknown): unknown {
  const isOurs = error instanceof Database.SqliteError && UNAVAILABLE.test(error.code);
  return isOurs ? new DatabaseUnavailableError(error) : error;
}
