import type { CompiledQuery, QueryResult } from "kysely";
import Database from "libsql";
import { DatabaseUnavailable } from "../database-unavailable.js";

/** For the short moments in which SQLite itself holds a file locked. */
const LOCKED_FILE_PATIENCE_MS = 5000;

/** Statements that a connection keeps compiled; past that many they are not the server's few any more. */
const MAX_STATEMENTS = 500;

/** What is no fault of the statement: no room, no disk, another process that writes. */
const UNAVAILABLE = /^SQLITE_(BUSY|LOCKED|FULL|IOERR|NOMEM|CANTOPEN|READONLY)/;

interface Compiled {
  readonly statement: Database.Statement;
  readonly isReader: boolean;
}

/** One connection to a SQLite file, which keeps its statements compiled. It is synchronous. */
export class SqliteConnection {
  readonly #database: Database.Database;
  readonly #statements = new Map<string, Compiled>();

  constructor(path: string) {
    this.#database = new Database(path, { timeout: LOCKED_FILE_PATIENCE_MS });
  }

  get isInTransaction(): boolean {
    return this.#database.inTransaction;
  }

  /** Sets a pragma. */
  set(pragma: string): void {
    this.#database.pragma(pragma);
  }

  command(sql: string): void {
    reworded(() => this.#database.exec(sql));
  }

  execute<Row>({ sql, parameters }: CompiledQuery): QueryResult<Row> {
    parameters.forEach(assertBindable);
    return reworded(() => {
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

/** libsql ends the whole process over a boolean. */
function assertBindable(value: unknown): void {
  const isBindable =
    value === null ||
    typeof value === "string" ||
    typeof value === "number" ||
    value instanceof Uint8Array;
  if (!isBindable) throw new TypeError(`SQLite has no ${typeof value}`);
}

/** libsql hands blobs over as ArrayBuffers; everything else here speaks Uint8Array. */
function withByteArrays(row: unknown): unknown {
  const columns = row as Record<string, unknown>;
  for (const column in columns) {
    const value = columns[column];
    if (value instanceof ArrayBuffer) columns[column] = new Uint8Array(value);
  }
  return columns;
}

function reworded<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof Database.SqliteError && UNAVAILABLE.test(error.code)) {
      throw new DatabaseUnavailable(error);
    }
    throw error;
  }
}
